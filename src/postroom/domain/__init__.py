"""Values and rules of mail submission. No I/O, no clock, no third party but `idna`."""
