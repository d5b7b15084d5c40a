// What comes of a mail that a real SMTP server refuses, delays, drops or half answers, at each stage of the conversation.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { describe, test } from 'node:test'
import { startMailMeddler, type Act, type MeddleStage } from '../../../test/support/mail-meddler.ts'
import { account, startMailServer, type Refusals } from '../../../test/support/mail-server.ts'
import { endOf, sendWith, wordsOf } from '../../../test/support/mail-sending.ts'

type End = readonly [reason: string, retry: boolean, maybeDelivered: boolean]

const busy: End = ['server-error', true, false]
const slower: End = ['rate-limited', true, false]
const refused: End = ['rejected', false, false]
const wrong: End = ['misconfigured', false, false]
const noEntry: End = ['unauthorised', false, false]
const tls: End = ['tls', true, false]
const lost: End = ['unreachable', true, false]
const late: End = ['timeout', true, false]

/** The server lets a tenth of a second pass before each greeting. */
const atOnce = { concurrency: 20 }
const inTheClear = { disabledCommands: ['STARTTLS'], authOptional: true }

describe('a server that refuses', () => {
  const cases: readonly [keyof Refusals, reply: string, End, RegExp][] = [
    [
      'connect',
      '421 4.3.2 Not accepting mail, try again later',
      busy,
      /does not talk to this machine: 421 4\.3\.2 Not/,
    ],
    ['connect', '421 Too many connections from your host', slower, /421 Too many connections/],
    ['connect', '554 5.7.1 Listed in a blocklist', noEntry, /^127\.0\.0\.1:\d+ does not talk to this machine: 554/],
    ['auth', '454 4.7.0 Temporary authentication failure', busy, /refused the login .*: 454 4\.7\.0 Temporary/],
    ['auth', '535 5.7.8 Authentication credentials invalid', noEntry, /options username and password\): 535 5\.7\.8/],
    ['auth', '534 5.7.9 Application-specific password required', noEntry, /534 5\.7\.9 Application/],
    ['auth', '504 5.5.4 Unrecognized authentication type', wrong, /504/],
    ['mail', '451 4.3.0 Queue file write error', busy, /refused the sender sereno@example\.org .*: 451/],
    ['mail', '452 4.3.1 Insufficient system storage', busy, /452 4\.3\.1/],
    ['mail', '450 4.7.1 You have exceeded the sending limit', slower, /450 4\.7\.1/],
    [
      'mail',
      '553 5.7.1 Sender address rejected: not owned by user',
      wrong,
      /sender sereno@example\.org \(option from\): 553/,
    ],
    ['mail', '530 5.7.0 Authentication required', noEntry, /530 5\.7\.0/],
    ['mail', '530 5.7.0 Must issue a STARTTLS command first', wrong, /STARTTLS command first/],
    ['rcpt', '450 4.2.0 Greylisted, see https://postgrey.example/', slower, /recipient ops@example\.org: 450 4\.2\.0/],
    ['rcpt', '451 4.7.1 Please come back in 300 seconds', slower, /451 4\.7\.1/],
    ['rcpt', '452 4.2.2 Mailbox full', ['rejected', true, false], /452 4\.2\.2 Mailbox full$/],
    ['rcpt', '451 Local error in processing', busy, /451 Local error/],
    ['rcpt', '421 4.3.0 Shutting down', busy, /421 4\.3\.0/],
    ['rcpt', '550 5.1.1 No such user here', refused, /refused the recipient ops@example\.org: 550 5\.1\.1 No such/],
    ['rcpt', '554 5.7.1 Relay access denied', refused, /554 5\.7\.1 Relay access denied$/],
    ['rcpt', '552 5.2.2 Over quota', refused, /552 5\.2\.2/],
    ['message', '451 4.3.0 Scanner is not available', busy, /refused the mail: 451/],
    ['message', '421 4.7.28 Unusual rate of mail', slower, /421 4\.7\.28/],
    ['message', '550 5.7.1 Looks like spam', refused, /refused the mail: 550 5\.7\.1 Looks like spam$/],
    ['message', '554 5.6.0 Message content rejected', refused, /554 5\.6\.0/],
    ['message', '552 Message exceeds fixed maximum size', ['too-large', false, false], /552 Message/],
    ['message', '552 5.3.4 Too big', ['too-large', false, false], /552 5\.3\.4/],
    ['message', '552 5.2.2 Mailbox full', refused, /552 5\.2\.2/],
  ]

  for (const hidePIPELINING of [true, false]) {
    describe(hidePIPELINING ? 'one command after the other' : 'with commands in a batch', atOnce, () => {
      for (const [stage, reply, end, words] of cases) {
        test(`at ${stage} with ${reply}`, async () => {
          await using server = await startMailServer({ ...inTheClear, hidePIPELINING })
          server.refuse({ [stage]: reply })
          const given = { port: server.port, security: 'none', ...(stage === 'auth' ? account : {}) }
          const outcome = await sendWith(given)
          assert.deepEqual(endOf(outcome), end, wordsOf(outcome))
          assert.match(wordsOf(outcome), words)
          assert.doesNotMatch(wordsOf(outcome), /Pa55|\n/)
          server.refuse({})
          assert.equal((await sendWith(given)).ok, true)
          assert.equal(server.mails.length, 1)
        })
      }
    })
  }
})

describe('where a real server cannot be made to fail so', atOnce, () => {
  /** Sends through the meddler; a server that hangs is given up when it is known to hang. */
  const sendBy = async (acts: { readonly [stage in MeddleStage]?: Act }, more: object = {}) => {
    await using server = await startMailServer(inTheClear)
    await using meddler = await startMailMeddler(server.port, acts)
    const deadline = new AbortController()
    if (Object.values(acts).includes('hang')) void meddler.reached.then(() => deadline.abort())
    const outcome = await sendWith({ port: meddler.port, security: 'none', ...more }, { signal: deadline.signal })
    return { outcome, commands: [...meddler.commands], arrived: server.mails.length }
  }

  const replies: readonly [MeddleStage, reply: string, End, RegExp][] = [
    ['connect', 'SSH-2.0-OpenSSH_9.2', wrong, /something that is no SMTP: SSH-2\.0/],
    ['connect', 'HTTP/1.1 400 Bad Request', wrong, /something that is no SMTP: HTTP/],
    ['EHLO', '421 4.3.2 Closing', busy, /our greeting \(option helo\): 421/],
    ['AUTH', '500 5.5.1 What?', wrong, /500 5\.5\.1/],
    ['AUTH', '421 4.7.0 Too many failed logins', slower, /421 4\.7\.0/],
    ['MAIL', '421 4.3.2 Shutting down', busy, /421 4\.3\.2/],
    ['DATA', '451 4.5.0 Not now', busy, /refused to take the mail: 451/],
    ['DATA', '554 5.5.1 No valid recipients', refused, /refused to take the mail: 554/],
    ['DATA', '552 5.3.4 Too large', ['too-large', false, false], /552/],
    ['message', '150 Wait', ['server-error', true, true], /answered out of turn: 150 Wait/],
  ]

  for (const [stage, reply, end, words] of replies) {
    test(`an answer "${reply}" at ${stage} is understood`, async () => {
      const { outcome } = await sendBy({ [stage]: { say: reply } }, stage === 'AUTH' ? account : {})
      assert.deepEqual(endOf(outcome), end, wordsOf(outcome))
      assert.match(wordsOf(outcome), words)
    })
  }

  test('a server that knows no EHLO is greeted with HELO', async () => {
    const { outcome, commands } = await sendBy({ EHLO: { say: '502 Not implemented' } })
    assert.equal(outcome.ok, true, wordsOf(outcome))
    assert.deepEqual(commands.slice(0, 4), ['EHLO', 'HELO', 'MAIL', 'RCPT'])
  })

  test('a greeting that is refused in both forms names the option', async () => {
    const no = { say: '550 5.7.1 Invalid name' }
    const { outcome } = await sendBy({ EHLO: no, HELO: no })
    assert.deepEqual(endOf(outcome), wrong)
    assert.match(wordsOf(outcome), /refused our greeting \(option helo\): 550 5\.7\.1 Invalid name$/)
  })

  const stages: readonly [MeddleStage, waitedFor: RegExp][] = [
    ['connect', /with a greeting/],
    ['EHLO', /our greeting/],
    ['AUTH', /the login/],
    ['MAIL', /who writes to whom/],
    ['RCPT', /who writes to whom/],
    ['DATA', /who writes to whom/],
    ['message', /the mail itself|after the whole mail/],
  ]
  for (const [stage, waitedFor] of stages) {
    const maybe = stage === 'message'
    const login = stage === 'AUTH' ? account : {}

    test(`silence at ${stage} is called off${maybe ? ', and the mail may have arrived' : ', and nothing arrived'}`, async () => {
      const { outcome, arrived } = await sendBy({ [stage]: 'hang' }, login)
      assert.deepEqual(endOf(outcome), maybe ? ['timeout', true, true] : late)
      assert.match(wordsOf(outcome), /did not answer .* in time$/)
      assert.match(wordsOf(outcome), waitedFor)
      assert.equal(arrived, maybe ? 1 : 0)
    })

    for (const act of ['reset', 'close'] as const) {
      test(`a ${act} at ${stage} means that the mail ${maybe ? 'may have arrived' : 'did not arrive'}`, async () => {
        const { outcome, arrived } = await sendBy({ [stage]: act }, login)
        assert.deepEqual(endOf(outcome), maybe ? ['unreachable', true, true] : lost)
        assert.match(wordsOf(outcome), /closed the connection/)
        assert.match(wordsOf(outcome), waitedFor)
        assert.equal(arrived, maybe ? 1 : 0)
      })
    }

    for (const half of ['2', '25', '250 O', '250-mail.exa', '354 Go']) {
      test(`"${half}" and no more at ${stage} is no answer`, async () => {
        const { outcome } = await sendBy({ [stage]: { half } }, login)
        assert.deepEqual(endOf(outcome), maybe ? ['unreachable', true, true] : lost, wordsOf(outcome))
      })
    }
  }

  test('a refusal without its line end is still a refusal', async () => {
    const { outcome } = await sendBy({ message: { half: '554 5.7.1 No' } })
    assert.deepEqual(endOf(outcome), refused, wordsOf(outcome))
  })

  test('a server that repeats the login does not get it into the record', async () => {
    const whole = Buffer.from(`\0${account.username}\0${account.password}`).toString('base64')
    const said = `535 5.7.8 No: ${account.password} ${Buffer.from(account.password).toString('base64')} ${whole}`
    const { outcome } = await sendBy({ AUTH: { say: said } }, account)
    assert.deepEqual(endOf(outcome), noEntry)
    assert.match(wordsOf(outcome), /: 535 5\.7\.8 No: … … …$/)
  })

  test('an answer of several lines is told as one, without control characters', async () => {
    const say = '550-5.7.1 First\u0007\r\n550-5.7.1 second\r\n550 5.7.1 third'
    const { outcome } = await sendBy({ RCPT: { say } })
    assert.match(wordsOf(outcome), /ops@example\.org: 550 5\.7\.1 First\ufffd second third$/)
  })

  test('an endless answer is cut off', async () => {
    const { outcome } = await sendBy({ RCPT: { say: `550-${'x'.repeat(1000)}\r\n`.repeat(100) } })
    assert.equal(outcome.ok, false)
    assert.ok(wordsOf(outcome).length < 400, wordsOf(outcome))
  })
})

describe('without a connection', atOnce, () => {
  test('a closed port is unreachable', async () => {
    const closed = createServer().listen(0, '127.0.0.1')
    await once(closed, 'listening')
    const { port } = closed.address() as AddressInfo
    closed.close()
    await once(closed, 'close')
    const outcome = await sendWith({ port })
    assert.deepEqual(endOf(outcome), lost)
    assert.equal(wordsOf(outcome), `No connection to 127.0.0.1:${port}: the port is closed`)
  })

  test('a name that does not resolve is unreachable', async () => {
    const outcome = await sendWith({ host: 'mail.invalid', port: 25 })
    assert.deepEqual(endOf(outcome), lost)
    assert.match(
      wordsOf(outcome),
      /^No connection to mail\.invalid:25: the name (?:does not resolve|could not be looked up)$/,
    )
  })

  test('nothing is begun when the deadline has passed', async () => {
    await using server = await startMailServer()
    const outcome = await sendWith({ port: server.port }, { signal: AbortSignal.abort() })
    assert.deepEqual(endOf(outcome), lost)
    assert.equal(server.connections.total, 0)
  })
})

describe('encryption', atOnce, () => {
  test('that is demanded and not offered ends it before anything is said', async () => {
    await using server = await startMailServer(inTheClear)
    await using meddler = await startMailMeddler(server.port, {})
    for (const more of [{ security: 'starttls' }, account]) {
      const outcome = await sendWith({ port: meddler.port, ...more })
      assert.deepEqual(endOf(outcome), tls)
      assert.match(
        wordsOf(outcome),
        /does not encrypt with STARTTLS: 50\d .*; without it nothing is sent; .*security: none/,
      )
    }
    assert.deepEqual(new Set(meddler.commands), new Set(['EHLO', 'STARTTLS', 'QUIT']))
  })

  test('that is refused for now is waited for', async () => {
    await using server = await startMailServer({ disabledCommands: [], authOptional: true })
    await using meddler = await startMailMeddler(server.port, { STARTTLS: { say: '454 4.7.0 TLS not available' } })
    const outcome = await sendWith({ port: meddler.port, security: 'starttls' })
    assert.deepEqual(endOf(outcome), tls)
    assert.match(wordsOf(outcome), /454 4\.7\.0 TLS not available/)
    assert.ok(!meddler.commands.includes('MAIL'))
  })

  test('that cannot be had ends nothing where it is merely taken when offered', async () => {
    await using server = await startMailServer({ disabledCommands: [], authOptional: true })
    await using meddler = await startMailMeddler(server.port, { STARTTLS: { say: '454 4.7.0 TLS not available' } })
    const outcome = await sendWith({ port: meddler.port })
    assert.equal(outcome.ok, true, wordsOf(outcome))
    assert.equal(server.mails[0]?.secure, false)
  })

  for (const security of ['starttls', 'tls'] as const) {
    test(`by ${security} with a certificate of nobody's is not trusted`, async () => {
      await using server = await startMailServer({
        secure: security === 'tls',
        disabledCommands: [],
        authOptional: true,
      })
      const outcome = await sendWith({ host: 'localhost', port: server.port, security })
      assert.deepEqual(endOf(outcome), tls)
      assert.match(wordsOf(outcome), /was not accepted \(DEPTH_ZERO_SELF_SIGNED_CERT\); .*NODE_EXTRA_CA_CERTS/)
      assert.equal(server.mails.length, 0)
    })
  }

  test('from the first byte is not what this port speaks', async () => {
    await using server = await startMailServer()
    const outcome = await sendWith({ port: server.port, security: 'tls' })
    assert.deepEqual(endOf(outcome), tls)
    assert.match(wordsOf(outcome), /ERR_SSL_.*; it does not begin with TLS there: write security: starttls/)
  })

  test('a server that breaks off the handshake is tried again', async () => {
    const server = createServer((socket) => socket.once('data', () => socket.destroy()).on('error', () => {}))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    try {
      const outcome = await sendWith({ port: (server.address() as AddressInfo).port, security: 'tls' })
      assert.equal(!outcome.ok && outcome.retry && !outcome.maybeDelivered, true, wordsOf(outcome))
      assert.ok(['tls', 'unreachable'].includes(String(endOf(outcome)[0])))
    } finally {
      server.close()
    }
  })
})

describe('other failures', atOnce, () => {
  test('a login that the server does not offer names the options', async () => {
    await using server = await startMailServer()
    const outcome = await sendWith({ port: server.port, security: 'none', ...account })
    assert.deepEqual(endOf(outcome), wrong)
    assert.match(wordsOf(outcome), /offers no login, so remove username and password/)
  })

  test('a mail beyond the size that the server names is not even begun', async () => {
    await using server = await startMailServer({ size: 500 })
    const outcome = await sendWith({ port: server.port })
    assert.deepEqual(endOf(outcome), ['too-large', false, false])
    assert.match(wordsOf(outcome), /larger than 127\.0\.0\.1:\d+ says it takes/)
  })

  test('no connection is left open, whatever came of it', async () => {
    await using server = await startMailServer()
    server.refuse({ rcpt: '550 5.1.1 No' })
    await sendWith({ port: server.port })
    server.refuse({})
    await sendWith({ port: server.port })
    while (server.connections.open > 0) await new Promise((resolve) => setTimeout(resolve, 5))
    assert.equal(server.connections.total, 2)
  })
})
