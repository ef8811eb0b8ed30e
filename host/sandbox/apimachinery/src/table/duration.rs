//! How long ago, in the few characters that a column has.

use jiff::Timestamp;

/// The time from `then` to `now` as `5s`, `3m2s`, `4d`; `<invalid>` if `then` lies ahead.
///
/// Source: `k8s.io/apimachinery/pkg/util/duration`.
pub fn human_duration(now: Timestamp, then: Timestamp) -> String {
    // Times in objects have whole seconds, so the present is cut to them, too.
    let seconds = now.as_second() - then.as_second();
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    let pair = |large: i64, unit: &str, small: i64, small_unit: &str| match small {
        0 => format!("{large}{unit}"),
        _ => format!("{large}{unit}{small}{small_unit}"),
    };
    match seconds {
        ..-1 => "<invalid>".into(),
        -1 => "0s".into(),
        0..120 => format!("{seconds}s"),
        _ if minutes < 10 => pair(minutes, "m", seconds % 60, "s"),
        _ if minutes < 180 => format!("{minutes}m"),
        _ if hours < 8 => pair(hours, "h", minutes % 60, "m"),
        _ if hours < 48 => format!("{hours}h"),
        _ if hours < 192 => pair(hours / 24, "d", hours % 24, "h"),
        _ if hours < 24 * 365 * 2 => format!("{}d", hours / 24),
        _ if hours < 24 * 365 * 8 => pair(hours / 24 / 365, "y", hours / 24 % 365, "d"),
        _ => format!("{}y", hours / 24 / 365),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_reads_as_kubectl_prints_it() {
        let day = 86_400;
        let cases = [
            (-5, "<invalid>"),
            (0, "0s"),
            (5, "5s"),
            (119, "119s"),
            (120, "2m"),
            (182, "3m2s"),
            (600, "10m"),
            (179 * 60, "179m"),
            (3 * 3600 + 300, "3h5m"),
            (8 * 3600, "8h"),
            (2 * day + 3600, "2d1h"),
            (4 * day, "4d"),
            (9 * day + 3600, "9d"),
            (730 * day, "2y"),
            (800 * day, "2y70d"),
            (3650 * day, "10y"),
        ];
        let then = Timestamp::from_second(1_700_000_000).expect("time");
        for (seconds, expected) in cases {
            let now = Timestamp::from_second(1_700_000_000 + seconds).expect("time");
            assert_eq!(human_duration(now, then), expected, "{seconds}");
        }
    }
}
