// The header is that of oauthlib, which cloud-init uses.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { authorizeByOAuth } from './oauth1.ts'

const isThere = existsSync('/usr/lib/python3/dist-packages/oauthlib')
const script = `
import json, sys
import oauthlib.oauth1 as oauth
k = json.load(sys.stdin)
client = oauth.Client(k["consumerKey"], client_secret=k["consumerSecret"], resource_owner_key=k["tokenKey"],
    resource_owner_secret=k["tokenSecret"], signature_method=oauth.SIGNATURE_PLAINTEXT, timestamp="1700000000", nonce="n0nce")
print(client.sign("http://maas.example/hook")[1]["Authorization"], end="")
`

test(
  'is what oauthlib makes of the same keys',
  { skip: !isThere && "Debian's package 'python3-oauthlib' is missing" },
  () => {
    for (const secret of ['s3cret', "a&b=c d'é!*()~%", ''])
      for (const consumerSecret of ['', secret]) {
        const keys = { consumerKey: `c-${secret}`, consumerSecret, tokenKey: 't/k', tokenSecret: `s${secret}` }
        const theirs = execFileSync('/usr/bin/python3', ['-c', script], {
          input: JSON.stringify(keys),
          encoding: 'utf8',
        })
        assert.equal(authorizeByOAuth(keys, 1_700_000_000_999, 'n0nce'), theirs)
      }
  },
)

test('says each time something new', () => {
  const keys = { consumerKey: 'c', consumerSecret: '', tokenKey: 't', tokenSecret: 's' }
  assert.notEqual(authorizeByOAuth(keys, 0), authorizeByOAuth(keys, 0))
})
