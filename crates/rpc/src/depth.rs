//! How deeply a JSON text is nested, told without parsing it: a flat scan over the bytes that keeps one number.

/// Whether no array or object of `json` lies deeper than `depth_max`. Text that is no JSON may pass; the parser judges it.
pub(crate) fn is_shallow(json: &[u8], depth_max: usize) -> bool {
    let (mut depth, mut in_text, mut escaped) = (0usize, false, false);
    for byte in json {
        if in_text {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_text = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_text = true,
            b'[' | b'{' => {
                depth += 1;
                if depth > depth_max {
                    return false;
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::is_shallow;

    #[test]
    fn only_brackets_outside_text_count() {
        assert!(is_shallow(br#"{"a":[1,[2],[3]]}"#, 3));
        assert!(!is_shallow(br#"{"a":[1,[2],[3]]}"#, 2));
        assert!(is_shallow(br#"{"a":"[[[[\"[[[["}"#, 1));
        assert!(is_shallow(br#"["\\",[]]"#, 2));
        assert!(!is_shallow("[".repeat(10_000).as_bytes(), 32));
        assert!(is_shallow(b"]]]]", 0));
    }
}
