//! Small words of the command line: durations such as `10m`, and what the clock and the system's randomness give.

use anyhow::{Context, bail};
use karwan_types::{DurationMs, Timestamp, Uetr};
use std::time::{SystemTime, UNIX_EPOCH};
use zeroize::Zeroizing;

/// The system's clock.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// Reads `90s`, `10m`, `24h`, `3d` or `250ms`.
pub(crate) fn duration(text: &str) -> Result<DurationMs, String> {
    let error = || format!("\"{text}\" is no duration; write for example 90s, 10m, 24h or 3d");
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| error())?;
    let unit_ms = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(error()),
    };
    let millis = number.checked_mul(unit_ms).ok_or_else(error)?;
    Ok(DurationMs::from_millis(millis))
}

/// A new UETR.
pub(crate) fn random_uetr() -> anyhow::Result<Uetr> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).context("the system gives no randomness")?;
    Ok(Uetr::from_random_bytes(bytes))
}

/// 32 secret bytes.
pub(crate) fn random_seed() -> anyhow::Result<Zeroizing<[u8; 32]>> {
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(&mut seed[..]).context("the system gives no randomness")?;
    if seed.iter().all(|byte| *byte == 0) {
        bail!("the system's randomness is all zero; do not use this machine for keys");
    }
    Ok(seed)
}

/// The first block of a UETR, enough to tell the payments of one table apart.
pub(crate) fn short(uetr: &Uetr) -> String {
    uetr.to_string().chars().take(8).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_a_number_and_a_unit() {
        let check = |text: &str, millis: Option<u64>| {
            assert_eq!(
                duration(text).ok().map(DurationMs::millis),
                millis,
                "{text}"
            );
        };
        check("250ms", Some(250));
        check("90s", Some(90_000));
        check("10m", Some(600_000));
        check("24h", Some(86_400_000));
        check("3d", Some(259_200_000));
        for wrong in [
            "",
            "10",
            "m",
            "1.5h",
            "-1s",
            "10 m",
            "99999999999999999999s",
            "18446744073709551615d",
        ] {
            check(wrong, None);
        }
    }

    #[test]
    fn every_uetr_is_another() {
        assert_ne!(random_uetr().ok(), random_uetr().ok());
    }
}
