package ceremony

// VerifierWith is Verifier with another signer of metadata than the product's.
var VerifierWith = verifierWith
