package attest

// ReasonNoEvidence: the key handed over nothing to judge.
const ReasonNoEvidence = "no_evidence"
