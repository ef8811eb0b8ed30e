//! The library: images that every account may clone. Their UUIDs are fixed, so that a manifest can name one.

use serde_json::{Map, Value, json};

const GIB: u64 = 1 << 30;

/// An image of the library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Identity; the same in every cloud of this kind.
    pub uuid: String,
    /// Name as the library shows it.
    pub name: String,
    /// Version of the kubelet in it, such as `v1.34.0`; `None` if it has none.
    pub kubernetes_version: Option<String>,
    /// Least size of a clone, in bytes.
    pub size: u64,
    /// `disk`, or `cdrom` for a medium that may be attached without cloning.
    pub media: &'static str,
}

/// Versions of the images with a kubelet, and their uuids.
pub const KUBERNETES_IMAGES: [(&str, &str); 5] = [
    ("v1.32.8", "a4f6c1d2-1328-4e8a-9b01-7d5c30e20001"),
    ("v1.33.4", "a4f6c1d2-1334-4e8a-9b01-7d5c30e20002"),
    ("v1.34.0", "a4f6c1d2-1340-4e8a-9b01-7d5c30e20003"),
    ("v1.34.1", "a4f6c1d2-1341-4e8a-9b01-7d5c30e20004"),
    ("v1.35.0", "a4f6c1d2-1350-4e8a-9b01-7d5c30e20005"),
];
/// Uuid of the image without a kubelet.
pub const PLAIN_IMAGE: &str = "a4f6c1d2-2404-4e8a-9b01-7d5c30e20006";
/// Uuid of the install CD, which may be attached without cloning.
pub const INSTALL_MEDIUM: &str = "a4f6c1d2-2404-4e8a-9b01-7d5c30e20007";

/// The whole library, in the order in which it is listed.
pub(crate) fn library() -> Vec<Image> {
    let with_kubelet = KUBERNETES_IMAGES.iter().map(|(version, uuid)| with_kubelet(version, uuid));
    let plain = [
        plain(PLAIN_IMAGE, "Ubuntu 24.04 LTS", 10 * GIB, "disk"),
        plain(INSTALL_MEDIUM, "Ubuntu 24.04 Server install CD", 3 * GIB, "cdrom"),
    ];
    with_kubelet.chain(plain).collect()
}

fn with_kubelet(version: &str, uuid: &str) -> Image {
    let version_of = Some(version.to_owned());
    Image { kubernetes_version: version_of, ..plain(uuid, &format!("ubuntu-24.04-k8s-{version}"), 10 * GIB, "disk") }
}

fn plain(uuid: &str, name: &str, size: u64, media: &'static str) -> Image {
    Image { uuid: uuid.to_owned(), name: name.to_owned(), kubernetes_version: None, size, media }
}

impl Image {
    /// What a clone inherits as its `meta`.
    pub(crate) fn meta(&self) -> Map<String, Value> {
        let facts = [
            ("arch", "64"),
            ("distribution", "ubuntu"),
            ("os", "linux"),
            ("default_user", "ubuntu"),
            ("image_type", self.image_type()),
        ];
        facts.into_iter().map(|(key, value)| (key.to_owned(), Value::from(value))).collect()
    }

    fn image_type(&self) -> &'static str {
        if self.media == "cdrom" { "install" } else { "preinst" }
    }

    /// The object of `/libdrives/`.
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "affinities": [], "allow_multimount": false, "arch": "64", "category": ["general"],
            "cloud_init_service": "cloud-init", "created_at": "2025-09-01T12:00:00+00:00", "default_auth_method": "ssh",
            "default_pass": "", "default_user": "ubuntu", "deprecated": false, "description": self.name,
            "distribution": "ubuntu", "favourite": false, "image_type": self.image_type(), "install_notes": "",
            "jobs": [], "licenses": [], "media": self.media, "meta": {}, "mounted_on": [], "name": self.name,
            "os": "linux", "owner": null, "paid": false, "resource_uri": format!("/api/2.0/libdrives/{}/", self.uuid),
            "size": self.size, "status": "unmounted", "storage_type": null, "tags": [], "url": "", "uuid": self.uuid,
            "version": "24.04",
        })
    }

    /// The object that `/drives/{uuid}/` answers for a library image.
    pub(crate) fn to_drive_json(&self) -> Value {
        json!({
            "affinities": [], "allow_multimount": false, "backup_scheduler": null, "grantees": [], "iops": null,
            "jobs": [], "licenses": [], "media": self.media, "meta": {}, "mounted_on": [], "name": self.name,
            "owner": null, "permissions": [], "remote_snapshots": [],
            "resource_uri": format!("/api/2.0/drives/{}/", self.uuid),
            "runtime": { "is_snapshotable": true, "is_downloadable": false, "is_ephemeral": false,
                "snapshots_allocated_size": 0, "storage_type": "dssd" },
            "size": self.size, "snapshots": [], "status": "unmounted", "storage_type": "dssd", "tags": [],
            "uuid": self.uuid,
        })
    }
}
