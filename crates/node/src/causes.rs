//! An error with everything that caused it, in one line, for whoever reads the log at night.

/// The error and its sources, outermost first.
pub(crate) fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let each = std::iter::successors(Some(error), |error| error.source());
    let mut told: Vec<String> = each.map(ToString::to_string).collect();
    // An error that quotes its source needs not be followed by it.
    told.dedup_by(|inner, outer| outer.contains(inner.as_str()));
    told.join(": ")
}

#[cfg(test)]
mod tests {
    use super::causes;
    use std::io;

    #[derive(Debug, thiserror::Error)]
    #[error("could not write the log")]
    struct Outer(#[source] io::Error);

    #[test]
    fn an_error_is_followed_by_its_cause() {
        let full = io::Error::other("no space left on device");
        assert_eq!(
            causes(&Outer(full)),
            "could not write the log: no space left on device"
        );
    }
}
