//! One well-formed instruction of every kind, through the codec and back.
