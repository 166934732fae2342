//! Tests of the whole: what no single crate can show. The tests themselves are in `tests/tests`.
