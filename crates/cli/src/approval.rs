//! Reading what waits before signing it: a checker signs a hash, so the program computes that hash itself from the bytes that
//! it shows. A node that shows one thing and names the hash of another is found out here.

use crate::exit::{Exit, Failure, failure};
use crate::network::refused;
use crate::output::Output;
use karwan_ledger::{Operation, instruction_hash};
use karwan_rpc::{ApprovalAnswer, ApprovalsGetParams, AsOfParams, Client, ClientError, View};
use karwan_types::{ChainId, InstructionHash, TRANSACTION_BYTES_MAX, decode};

/// A waiting instruction whose hash was computed here. The text of the answer is made from the same bytes.
pub(crate) async fn fetch(
    client: &Client,
    chain: &ChainId,
    instruction: InstructionHash,
    at_least_height: Option<u64>,
) -> Result<ApprovalAnswer, Failure> {
    let params = ApprovalsGetParams {
        instruction: View(instruction),
        at_least_height,
    };
    // What waits for governors is public: they have no key that reads.
    let mut answer = match client.proposals_get(params.clone()).await {
        Err(ClientError::Problem(problem)) if problem.name == "NOT_FOUND" => {
            client.approvals_get(params).await.map_err(refused)?
        }
        answer => answer.map_err(refused)?,
    };
    let wrong = || {
        let sentence = format!(
            "the node shows an instruction whose hash is not {instruction}; do not approve it, and ask another node"
        );
        failure(Exit::Negative, sentence)
    };
    let bytes = hex::decode(&answer.operation_bytes).map_err(|_| wrong())?;
    let operation: Operation = decode(&bytes, TRANSACTION_BYTES_MAX).map_err(|_| wrong())?;
    if instruction_hash(chain, &operation) != instruction {
        return Err(wrong());
    }
    answer.operation = serde_json::to_value(&operation)?;
    Ok(answer)
}

/// Tells where a proposal of governors stands, once what concerned it is final: it waits for others, or it is a version of the
/// rulebook now. Outcomes of governors are shown to supervisors only, but this is public. None when it is neither.
pub(crate) async fn tell_proposal(
    client: &Client,
    instruction: InstructionHash,
    output: Output,
) -> Result<Option<Exit>, Failure> {
    let params = ApprovalsGetParams {
        instruction: View(instruction),
        at_least_height: None,
    };
    match client.proposals_get(params).await {
        Ok(answer) => {
            output.json(&answer.approval);
            let valid_until = answer.approval.valid_until;
            output.note(format!(
                "It waits for further governors until {valid_until}; each approves with: karwan tx approve {instruction} --sign KEY"
            ));
            return Ok(Some(Exit::Ok));
        }
        Err(ClientError::Problem(problem)) if problem.name == "NOT_FOUND" => {}
        Err(error) => return Err(refused(error)),
    }
    let answer = client.rulebooks_list(AsOfParams::default()).await;
    let versions = answer.map_err(refused)?.rulebooks;
    let proposed = Some(View(instruction));
    let Some(version) = versions.iter().find(|one| one.proposal == proposed) else {
        return Ok(None);
    };
    output.json(version);
    output.note(format!(
        "All governors who must have approved: version {} comes into force at {}.",
        version.version, version.activates
    ));
    Ok(Some(Exit::Ok))
}
