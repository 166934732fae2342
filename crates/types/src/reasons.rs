//! The ISO 20022 external code sets that returns and recalls take their reasons from, as far as they speak of credit
//! transfers between institutions: codes of card payments, direct debits and requests to pay are left out.
//!
//! Each list is in the order of its codes, so that it can be searched and compared with the published set.

use crate::identity::ExternalCode;

/// Why a debtor agent asks for its money back (`CxlRsnInf/Rsn/Cd` of camt.056), from `ExternalCancellationReason1Code`.
pub const CANCELLATION_REASONS: &[&str] = &[
    "AC02", "AC03", "AGNT", "AM09", "BE16", "COVR", "CURR", "CUST", "CUTA", "DS24", "DT01", "DUPL",
    "ENUE", "FRAD", "INDM", "MD06", "NARR", "SVNR", "SYAD", "TECH", "UAPA", "UPAY",
];

/// Why a creditor agent does not give it back (`CxlStsRsnInf/Rsn/Cd` of camt.029), from
/// `ExternalPaymentCancellationRejection1Code`.
pub const RECALL_REJECTION_REASONS: &[&str] = &[
    "AC04", "AGNT", "AM04", "ARDT", "CUST", "LEGL", "NOAS", "PTNA", "RQDA",
];

/// Why a settled payment is sent back (`RtrRsnInf/Rsn/Cd` of pacs.004), from `ExternalReturnReason1Code`.
pub const RETURN_REASONS: &[&str] = &[
    "AC01", "AC02", "AC03", "AC04", "AC06", "AC07", "AC13", "AC14", "AC15", "AC16", "AC17", "AG01",
    "AG02", "AGNT", "AM01", "AM02", "AM03", "AM04", "AM05", "AM06", "AM07", "AM09", "AM10", "ARDT",
    "BE01", "BE04", "BE05", "BE06", "BE07", "BE08", "BE10", "BE11", "BE16", "BE17", "CNOR", "CNPC",
    "CURR", "CUST", "DC04", "DNOR", "DS28", "DT01", "DT04", "DUPL", "ED01", "ED03", "ED05", "ERIN",
    "FF03", "FF04", "FF05", "FF06", "FF07", "FOCR", "FR01", "MD06", "MD07", "MS02", "MS03", "NARR",
    "NOAS", "NOCM", "NOOR", "RC01", "RC03", "RC04", "RC07", "RC08", "RC11", "RF01", "RR01", "RR02",
    "RR03", "RR04", "RR05", "RR06", "RR07", "RR08", "RR09", "RR11", "RR12", "RUTA", "SL02", "SP01",
    "SP02", "SVNR", "TM01", "UPAY",
];

/// Whether a code is one of a list of this module.
#[must_use]
pub fn is_reason(list: &[&str], code: &ExternalCode) -> bool {
    list.binary_search(&code.as_str()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_in_order_and_hold_well_formed_codes() {
        for list in [
            CANCELLATION_REASONS,
            RECALL_REJECTION_REASONS,
            RETURN_REASONS,
        ] {
            assert!(list.is_sorted_by(|one, next| one < next), "{list:?}");
            for text in list {
                let code: ExternalCode = text.parse().expect("a code of four characters");
                assert!(is_reason(list, &code), "{text}");
            }
        }
    }

    #[test]
    fn a_recall_may_be_for_fraud_and_a_return_may_not() {
        let fraud: ExternalCode = "FRAD".parse().expect("a code");
        assert!(is_reason(CANCELLATION_REASONS, &fraud));
        assert!(!is_reason(RETURN_REASONS, &fraud));
    }
}
