//! What the cloud does for each request.

use backplane_sdk::http::Response;
use backplane_sdk::prelude::*;

use super::State;

/// A refusal: status, type, message.
type Refusal = (u16, &'static str, String);
type Answer = Result<(u16, Value), Refusal>;

impl State {
    pub(super) fn answer(&mut self, method: &str, path: &str, body: &Value) -> Response {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let answer = match (method, parts.as_slice()) {
            ("GET", ["servers", "detail"]) => Ok((200, self.listed())),
            ("GET", ["servers", uuid]) => self.read_server(uuid),
            ("POST", ["servers"]) => self.create_server(&body["objects"][0]),
            ("PUT", ["servers", uuid]) => self.change_server(uuid, body),
            ("DELETE", ["servers", uuid]) => self.delete_server(uuid),
            ("POST", ["servers", uuid, "action"]) => self.act(uuid, query),
            ("GET", ["drives", "detail"]) => Ok((200, list(self.drives.keys().map(|uuid| self.drive(uuid)).collect()))),
            ("GET", ["drives", uuid]) => self.read_drive(uuid),
            ("GET", ["libdrives", uuid]) => {
                self.images.get(*uuid).cloned().map(|image| (200, image)).ok_or_else(absent)
            }
            ("POST", ["drives" | "libdrives", uuid, "action"]) => self.clone_drive(uuid, query, body),
            ("PUT", ["drives", uuid]) => self.change_drive(uuid, body),
            ("DELETE", ["drives", uuid]) => self.delete_drive(uuid),
            ("GET", ["tags"]) => Ok((200, list(self.tags.values().cloned().collect()))),
            ("POST", ["tags"]) => Ok(self.create_tag(&body["objects"][0])),
            ("PUT", ["tags", uuid]) => self.change_tag(uuid, body),
            ("DELETE", ["tags", uuid]) => self.tags.remove(*uuid).map(|_| (204, Value::Null)).ok_or_else(absent),
            _ => Err((405, "validation", format!("{method} {path} is not known here"))),
        };
        match answer {
            Ok((status, Value::Null)) => Response::new(status, ""),
            Ok((status, body)) => Response::new(status, body.to_string()),
            Err((status, kind, message)) => {
                let body = json!([{"error_type": kind, "error_message": message, "error_point": null}]);
                Response::new(status, body.to_string())
            }
        }
    }

    fn listed(&self) -> Value {
        let shown = self.servers.keys().filter(|uuid| !self.unlisted.contains(*uuid));
        list(shown.map(|uuid| self.server(uuid)).collect())
    }

    /// A server with its tags, as the cloud shows it.
    fn server(&self, uuid: &str) -> Value {
        let mut server = self.servers[uuid].clone();
        let carries =
            |tag: &Value| tag["resources"].as_array().is_some_and(|list| list.iter().any(|one| one["uuid"] == uuid));
        server["tags"] =
            self.tags.iter().filter(|(_, tag)| carries(tag)).map(|(uuid, _)| json!({"uuid": uuid})).collect();
        server
    }

    fn read_server(&self, uuid: &str) -> Answer {
        if self.hidden.contains(uuid) {
            return Err((403, "permission", "User x does not have all of the permissions [LIST]".into()));
        }
        self.known(uuid).map(|()| (200, self.server(uuid)))
    }

    fn known(&self, uuid: &str) -> Result<(), Refusal> {
        if self.servers.contains_key(uuid) { Ok(()) } else { Err(absent()) }
    }

    fn create_server(&mut self, definition: &Value) -> Answer {
        for field in ["name", "cpu", "mem", "vnc_password"] {
            if definition[field].is_null() {
                return Err((400, "validation", format!("{field}: This field is required")));
            }
        }
        let nics = definition["nics"].as_array().cloned().unwrap_or_default();
        if nics.iter().any(|nic| nic.get("vlan").is_some() && nic.get("ip_v4_conf").is_some()) {
            return Err((400, "validation", "cannot assign both private and public".into()));
        }
        for attachment in definition["drives"].as_array().into_iter().flatten() {
            let uuid = attachment["drive"].as_str().unwrap_or_default();
            if self.drive(uuid)["status"] != "unmounted" {
                return Err((403, "permission", format!("the drive {uuid} cannot be attached")));
            }
        }
        let mut server = definition.clone();
        let uuid = self.id("server");
        server["uuid"] = uuid.as_str().into();
        server["status"] = "stopped".into();
        server["runtime"] = Value::Null;
        self.servers.insert(uuid.clone(), server);
        Ok((201, json!({"objects": [self.server(&uuid)]})))
    }

    fn change_server(&mut self, uuid: &str, definition: &Value) -> Answer {
        self.known(uuid)?;
        if definition["vnc_password"].is_null() {
            return Err((400, "validation", "vnc_password: This field is required".into()));
        }
        let server = self.servers.get_mut(uuid).expect("known");
        for key in ["name", "meta", "drives", "nics"] {
            if let Some(value) = definition.get(key) {
                server[key] = value.clone();
            }
        }
        Ok((200, self.server(uuid)))
    }

    fn delete_server(&mut self, uuid: &str) -> Answer {
        self.known(uuid)?;
        match self.servers[uuid]["status"].as_str() {
            Some("stopped") => {
                self.servers.remove(uuid);
                Ok((204, Value::Null))
            }
            status => Err((403, "permission", format!("Cannot delete guest in state '{}'", status.unwrap_or("?")))),
        }
    }

    fn act(&mut self, uuid: &str, query: &str) -> Answer {
        self.known(uuid)?;
        let server = self.servers.get_mut(uuid).expect("known");
        let status = server["status"].as_str().unwrap_or("?").to_owned();
        let next = match (query, status.as_str()) {
            ("do=start", "stopped") => "starting",
            ("do=stop", "running" | "starting") => "stopping",
            _ => return Err((403, "permission", format!("Cannot {query} guest in state \"{status}\""))),
        };
        server["status"] = next.into();
        Ok((202, json!({"result": "success", "uuid": uuid})))
    }

    /// A drive with what it is mounted on, as the cloud shows it.
    fn drive(&self, uuid: &str) -> Value {
        let mut drive = self.drives.get(uuid).cloned().unwrap_or_default();
        let uses = |server: &Value| {
            server["drives"].as_array().is_some_and(|list| list.iter().any(|one| reference(one) == uuid))
        };
        let holders: Vec<_> =
            self.servers.iter().filter(|(_, server)| uses(server)).map(|(uuid, _)| json!({"uuid": uuid})).collect();
        if !holders.is_empty() {
            drive["status"] = "mounted".into();
        }
        drive["mounted_on"] = holders.into();
        drive
    }

    fn read_drive(&self, uuid: &str) -> Answer {
        if self.drives.contains_key(uuid) { Ok((200, self.drive(uuid))) } else { Err(absent()) }
    }

    fn clone_drive(&mut self, uuid: &str, query: &str, body: &Value) -> Answer {
        let source = self.images.get(uuid).or_else(|| self.drives.get(uuid)).cloned().ok_or_else(absent)?;
        if query != "do=clone" {
            return Err((400, "validation", format!("{query} is not known here")));
        }
        let mut drive = source;
        let uuid = self.id("drive");
        drive["uuid"] = uuid.as_str().into();
        drive["name"] = body["name"].clone();
        drive["size"] = body["size"].clone();
        drive["status"] = "cloning_dst".into();
        self.drives.insert(uuid.clone(), drive);
        Ok((202, json!({"objects": [self.drive(&uuid)]})))
    }

    fn change_drive(&mut self, uuid: &str, body: &Value) -> Answer {
        let drive = self.drives.get_mut(uuid).ok_or_else(absent)?;
        for key in ["name", "media", "size", "meta"] {
            if let Some(value) = body.get(key) {
                drive[key] = value.clone();
            }
        }
        Ok((200, self.drive(uuid)))
    }

    fn delete_drive(&mut self, uuid: &str) -> Answer {
        if !self.drives.contains_key(uuid) {
            return Err(absent());
        }
        match self.drive(uuid)["status"].as_str() {
            Some("unmounted" | "unavailable") => {
                self.drives.remove(uuid);
                Ok((204, Value::Null))
            }
            status => Err((403, "permission", format!("Cannot delete drive in state '{}'", status.unwrap_or("?")))),
        }
    }

    fn create_tag(&mut self, tag: &Value) -> (u16, Value) {
        let uuid = self.id("tag");
        let mut tag = tag.clone();
        tag["uuid"] = uuid.as_str().into();
        tag["resources"] = self.members(&tag["resources"]);
        self.tags.insert(uuid, tag.clone());
        (201, json!({"objects": [tag]}))
    }

    fn change_tag(&mut self, uuid: &str, body: &Value) -> Answer {
        let members = self.members(&body["resources"]);
        let tag = self.tags.get_mut(uuid).ok_or_else(absent)?;
        tag["resources"] = members;
        Ok((200, tag.clone()))
    }

    fn members(&self, list: &Value) -> Value {
        let kind = |uuid: &str| match (uuid.starts_with("server"), uuid.starts_with("drive")) {
            (true, _) => "servers",
            (_, true) => "drives",
            _ => "ips",
        };
        let uuids = list.as_array().into_iter().flatten().filter_map(|one| one["uuid"].as_str());
        uuids.map(|uuid| json!({"uuid": uuid, "res_type": kind(uuid)})).collect()
    }
}

fn reference(attachment: &Value) -> &str {
    let drive = &attachment["drive"];
    drive.as_str().or_else(|| drive["uuid"].as_str()).unwrap_or_default()
}

fn list(objects: Vec<Value>) -> Value {
    json!({"meta": {"limit": 0, "offset": 0, "total_count": objects.len()}, "objects": objects})
}

fn absent() -> Refusal {
    (404, "notexist", "notfound".into())
}
