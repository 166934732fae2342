//! Who sees what waits, what is limited, lent and exchanged.

use super::{Cells, Subjects, cells};
use crate::world::lei;
use serde_json::json;

/// What waits for an attestation: nothing does on this network, whose rulebook has no Travel Rule.
pub(super) fn travel() -> Vec<Cells> {
    vec![cells(
        "attestations.list",
        json!({}),
        Some("/waiting"),
        "U BBBB BBB BBB BB F",
    )]
}

/// Limits of the rulebook, which only the banks of Pakistan have, and credit lines, which nobody has.
pub(super) fn usage() -> Vec<Cells> {
    vec![
        cells(
            "limits.usage",
            json!({}),
            Some("/limits"),
            "U VBBB VBB VBB VB F",
        ),
        cells(
            "credit.list",
            json!({}),
            Some("/lines"),
            "U BBBB BBB BBB BB F",
        ),
    ]
}

/// What waits for money, limits, and whole blocks. The validator of this network is Pakistan's.
pub(super) fn waiting(subjects: &Subjects) -> Vec<Cells> {
    vec![
        cells(
            "queue.list",
            json!({}),
            Some("/entries"),
            "U VBBB VBB VBB VB F",
        ),
        // Being its creditor is no reason to see a queue.
        cells(
            "queue.list",
            json!({ "agent": lei("ALFA") }),
            Some("/entries"),
            "U VBBB VBB VBB VB F",
        ),
        cells(
            "queue.list",
            json!({ "agent": lei("BRAVO") }),
            Some("/entries"),
            "U BBBB BBB BBB BB F",
        ),
        cells(
            "freezes.list",
            json!({}),
            Some("/freezes"),
            "U BBBB BBB BBB BB F",
        ),
        cells(
            "quotes.list",
            json!({}),
            Some("/quotes"),
            "U BBBB BBB BBB BB F",
        ),
        cells(
            "limits.list",
            json!({}),
            Some("/limits"),
            "U VBBB VBB VBB VB F",
        ),
        cells(
            "cycles.list",
            json!({}),
            Some("/cycles"),
            "U BBBB VBB VBB VB F",
        ),
        cells(
            "blocks.list",
            json!({ "from": 1 }),
            None,
            "U FFFF FFF VFF VF F",
        ),
        cells(
            "proposals.get",
            json!({ "instruction": subjects.proposal }),
            None,
            "V VVVV VVV VVV VV V",
        ),
        // An institution's instruction is no proposal of governors.
        cells(
            "proposals.get",
            json!({ "instruction": subjects.waiting }),
            None,
            "N NNNN NNN NNN NN N",
        ),
        cells(
            "proposals.list",
            json!({}),
            Some("/approvals"),
            "V VVVV VVV VVV VV V",
        ),
    ]
}

pub(super) fn exchanges() -> Vec<Cells> {
    vec![
        // Of a Kyrgyz and an Uzbek bank; the issuers and supervisors of both see it.
        cells(
            "exchanges.list",
            json!({}),
            Some("/exchanges"),
            "U BVVB BVV BVV BV F",
        ),
        cells(
            "exchanges.list",
            json!({ "open": true }),
            Some("/exchanges"),
            "U BBBB BBB BBB BB F",
        ),
    ]
}
