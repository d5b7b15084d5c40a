// A key and a certificate for the name localhost, for servers that tests start.

/** Self-signed, made for these tests; nothing trusts it unless told to. */
export const testKey = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgPhJw1siJybQdlryK
kmC977RG40w+eqTA0KGcgg3v58+hRANCAARceVdegJgBlUjAnBEnzKuORW754o2r
PpNOBvcXWrIjQFxCq8xzyH/BXTsNI/Ov/R9lvWcxT1OdysriinBvQkj/
-----END PRIVATE KEY-----`
export const testCertificate = `-----BEGIN CERTIFICATE-----
MIIBljCCATugAwIBAgIUJIAOO7nzxE0rEhhYR5LvewQtov4wCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMDE0MjMyMVoYDzIxMjYxMDI3
MTQyMzIxWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAARceVdegJgBlUjAnBEnzKuORW754o2rPpNOBvcXWrIjQFxCq8xzyH/B
XTsNI/Ov/R9lvWcxT1OdysriinBvQkj/o2kwZzAdBgNVHQ4EFgQUiE70d8K/juge
3fYdOSER1leZlMUwHwYDVR0jBBgwFoAUiE70d8K/juge3fYdOSER1leZlMUwDwYD
VR0TAQH/BAUwAwEB/zAUBgNVHREEDTALgglsb2NhbGhvc3QwCgYIKoZIzj0EAwID
SQAwRgIhAPM5QaNnqHYbqECyElaftdcFTXPE50wYEAszUmE0MOIrAiEAwpb+9Rg2
VvB0f9FVZCksrphlzSucvYxrKboDofWcYxU=
-----END CERTIFICATE-----`
