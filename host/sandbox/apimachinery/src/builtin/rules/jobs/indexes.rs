//! Lists of indexes such as `0,3-5`.

/// How many indexes a list names.
///
/// # Errors
/// The first thing that is wrong with it.
pub(super) fn count(list: &str, completions: i64) -> Result<i64, String> {
    let (mut total, mut last) = (0, None);
    for part in list.split(',').filter(|_| !list.is_empty()) {
        let (first, end) = interval(part, completions)?;
        increasing(last, first)?;
        total += end - first + 1;
        last = Some(end);
    }
    Ok(total)
}

fn interval(text: &str, completions: i64) -> Result<(i64, i64), String> {
    let mut parts = text.split('-');
    let (first, second) = (parts.next().unwrap_or_default(), parts.next());
    if parts.next().is_some() {
        return Err(format!(
            "the fragment {text:?} violates the requirement that an index interval can have at most two parts separated by \
             '-'"
        ));
    }
    let first = index(first, completions)?;
    let Some(second) = second else { return Ok((first, first)) };
    let second = index(second, completions)?;
    increasing(Some(first), second)?;
    Ok((first, second))
}

fn index(text: &str, completions: i64) -> Result<i64, String> {
    let number: i64 = text.parse().map_err(|_| format!("cannot convert string to integer for index: {text:?}"))?;
    if number >= completions { Err(format!("too large index: {text:?}")) } else { Ok(number) }
}

fn increasing(last: Option<i64>, next: i64) -> Result<(), String> {
    match last {
        Some(last) if last >= next => Err(format!("non-increasing order, previous: {last}, current: {next}")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indexes_are_counted_in_order() {
        let cases = [
            ("", Some(0)),
            ("1", Some(1)),
            ("0,2-4", Some(4)),
            ("4-2", None),
            ("2,2", None),
            ("9", None),
            ("1-2-3", None),
            ("x", None),
        ];
        for (list, expected) in cases {
            assert_eq!(count(list, 5).ok(), expected, "{list}");
        }
    }
}
