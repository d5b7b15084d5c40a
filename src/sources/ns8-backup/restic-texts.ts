// What restic, podman, NethServer's wrapper and the storages say for each state; for where the exit code does not tell.
// "Is there a repository at the following location?" is not among them: restic asks that after any refusal.

export const texts = {
  /** No answer, or one that says that the other side is not well. */
  unreachable:
    /connection (refused|reset|timed out)|no such host|i\/o timeout|tls: |TLS handshake|x509: |network is unreachable|no route to host|temporary failure in name resolution|context deadline exceeded|HTTP response \(5(?!07)\d\d\)|stale (NFS )?file handle|transport endpoint is not connected|host is down/i,
  locked: /repository is already locked/,
  /** A lock file that cannot be read; restic from 0.17 on stops at it. */
  invalidLock: /^(Fatal: )?invalid lock file/,
  wrongPassword: /wrong password or no key found/,
  authFailed:
    /HTTP response \(40[13]\)|\b401 Unauthorized|\b403 Forbidden|Access ?Denied|InvalidAccessKeyId|SignatureDoesNotMatch|AuthenticationFailed|AuthorizationFailure|b2_authorize_account: 401|Permission denied \(publickey/i,
  notFound:
    /repository does not exist|unable to open config file: .*(no such file or directory|does not exist|NoSuchKey|NoSuchBucket)/,
  /** By `check`. */
  checkFailed: /repository contains errors|not found in repository|LoadIndex returned errors/,
  /** By any command. */
  damaged: /ciphertext verification failed|config or key \S+ is damaged/,
  /** restic leaves out a snapshot that it cannot read, and calls that a success. */
  unreadableSnapshot: /(could not|failed to) load snapshot .*(invalid data returned|ciphertext verification failed)/,
  /** "quota" not where it is part of a path. */
  noSpace:
    /no space left|(?<![\w/.-])quota(?![\w/.-])|QuotaExceeded|storage cap exceeded|HTTP response \(507\)|507 Insufficient|Insufficient ?Storage/i,
  unconfigured:
    /Please specify repository location|an empty password is not|Resolving password failed|Destination not found|Path for Restic repository not found|Only root can use the "-m" option/,
  /** By runagent, which reaches the modules of its own node only; the first by the newer ones. */
  elsewhere: /Cannot find module \S+ in the local node|Cannot find environment for module/,
  /** The wrapper is a Python program. */
  wrapperFailed: /^Traceback \(most recent call last\)/,
} as const satisfies { readonly [name: string]: RegExp }
