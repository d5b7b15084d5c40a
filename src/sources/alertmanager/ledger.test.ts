// What is known of each alert tells news from repeats, through failures of the store and through restarts.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Json } from '../../words.ts'
import type { Alert } from './alert.ts'
import { type Told, toEvent } from './event.ts'
import { createLedger, type Ledger, type Sighting } from './ledger.ts'

const [first, second] = [Date.UTC(2026, 5, 1, 2), Date.UTC(2026, 5, 1, 4)]
const day = 86_400_000

function alert(more: Partial<Alert> = {}): Alert {
  return { fingerprint: 'f1', status: 'firing', startsAt: first, labels: { alertname: 'A' }, annotations: {}, ...more }
}

const over = (more: Partial<Alert> = {}): Alert => alert({ status: 'resolved', endsAt: first + 60_000, ...more })
const says = (summary: string): Partial<Alert> => ({ annotations: { summary } })

class House {
  readonly rows = new Map<string, Json>()
  ledger: Ledger = createLedger([])
  now = second + 3_600_000

  see(sighting: Sighting, isStored = true): Told | undefined {
    this.now += 1000
    const turn = this.ledger.begin(this.now)
    const told = turn.see(sighting)
    const { put, delete: gone } = turn.progress()
    if (!isStored) turn.drop()
    else {
      for (const [key, value] of put) this.rows.set(key, JSON.parse(JSON.stringify(value)) as Json)
      for (const key of gone) this.rows.delete(key)
      turn.keep()
    }
    return told
  }

  post = (one: Alert): Told | undefined => this.see({ kind: 'posted', alert: one })
  poll = (one: Alert): Told | undefined => this.see({ kind: 'polled', alert: one })
  gone = (fingerprint = 'f1'): Told | undefined => this.see({ kind: 'gone', fingerprint, askedAt: this.now + 1 })

  restart(): void {
    this.ledger = createLedger([...this.rows].toSorted(([a], [b]) => (a < b ? -1 : 1)))
  }
}

const idOf = (told: Told | undefined): string | undefined =>
  told && toEvent(told, 0, 'en').identity?.id.replace(/^.*Z\//, '')

describe('while an alert fires', () => {
  test('a repeat by another route, or from the list, is told as it was told first', () => {
    const house = new House()
    const told = house.post(alert({ receiver: 'a', groupKey: 'g', generatorUrl: 'u1' }))
    for (const again of [
      house.post(alert({ receiver: 'b', groupKey: 'h', generatorUrl: 'u2' })),
      house.poll(alert({ receiver: 'c' })),
      house.post(alert({ startsAt: first - 5000 })),
    ])
      assert.deepEqual(again, told)
  })

  test('other words are a change of the same occurrence; drifting numbers only in a post', () => {
    const house = new House()
    house.post(alert({ ...says('91 %'), receiver: 'a', groupKey: 'g' }))
    assert.deepEqual(house.poll(alert(says('92 %')))?.alert.annotations, { summary: '91 %' })
    assert.deepEqual(house.post(alert({ ...says('93 %'), receiver: 'a' }))?.alert.annotations, { summary: '93 %' })
    const changed = house.poll(alert({ ...says('full'), startsAt: first - 5000 }))
    assert.deepEqual(changed?.alert, alert({ ...says('full'), receiver: 'a' }))
    assert.equal(idOf(changed), 'firing')
  })

  test('a later start is another occurrence', () => {
    const house = new House()
    house.post(alert())
    assert.equal(house.post(alert({ startsAt: second }))?.alert.startsAt, second)
  })

  test('the end of an earlier occurrence is no end, however late it comes', () => {
    const house = new House()
    house.post(alert())
    house.post(alert({ startsAt: second }))
    assert.equal(house.post(over()), undefined)
    assert.equal(house.ledger.firing, 1)
    // One of two Alertmanagers may have an earlier start for what is over now.
    assert.equal(idOf(house.post(over({ endsAt: second + 1 }))), 'resolved')
    assert.equal(house.ledger.firing, 0)
  })
})

describe('when an alert is over', () => {
  test('that is told once, by whatever way it came first', () => {
    const house = new House()
    house.post(alert(says('bad')))
    const gone = house.gone()
    assert.deepEqual([gone?.gone, gone?.alert.status, gone?.alert.annotations], [true, 'resolved', { summary: 'bad' }])
    assert.equal(house.post(over()), undefined)
    assert.equal(house.gone(), undefined)
    assert.equal(house.post(over({ startsAt: second }))?.alert.startsAt, second)
  })

  test('and fires again with the start it had, it is news again, and so is its next end', () => {
    const house = new House()
    const ids = [alert(), over(), alert(), alert(), over(), over(), alert({ startsAt: undefined as never }), over()]
    assert.deepEqual(
      ids.map((one) => idOf(house.post(one))),
      ['firing', 'resolved', 'firing/1', 'firing/1', 'resolved/1', undefined, 'unknown/firing/2', 'resolved/2'],
    )
  })

  test('without that it was known to fire, it is told all the same', () => {
    assert.equal(idOf(new House().post(over())), 'resolved')
  })

  test('it is remembered for as long as the hub knows its identity', () => {
    const house = new House()
    house.post(alert())
    house.post(over())
    house.now += 7 * day - 60_000
    house.post(alert({ fingerprint: 'f2' }))
    assert.equal(house.post(over()), undefined)
    house.now += 60_000
    house.post(alert({ fingerprint: 'f3' }))
    assert.deepEqual([...house.rows.keys()].toSorted(), ['f2', 'f3'])
    assert.equal(idOf(house.post(alert())), 'firing')
  })
})

describe('gone from the list', () => {
  test('is only what fires and was not heard of since the list was asked for', () => {
    const house = new House()
    assert.equal(house.gone(), undefined)
    house.post(alert())
    const heardAt = house.now
    assert.equal(house.see({ kind: 'gone', fingerprint: 'f1', askedAt: heardAt }), undefined)
    assert.deepEqual(house.ledger.firingUnheardSince(heardAt), [])
    assert.deepEqual(house.ledger.firingUnheardSince(heardAt + 1), ['f1'])
    const posting = house.ledger.begin(house.now)
    posting.see({ kind: 'posted', alert: alert(says('new')) })
    assert.equal(house.gone(), undefined, 'a post is being stored')
    posting.keep()
    assert.ok(house.gone())
    assert.equal(house.ledger.hasEndedSince('f1', house.now - 1), true)
    assert.equal(house.ledger.hasEndedSince('f1', house.now), false)
  })

  test('is also what fired before a restart', () => {
    const house = new House()
    house.post(alert(says('bad')))
    house.restart()
    assert.deepEqual(house.ledger.firingUnheardSince(1), ['f1'])
    assert.deepEqual(house.gone()?.alert.annotations, { summary: 'bad' })
    house.restart()
    assert.equal(house.ledger.firing, 0)
    assert.equal(house.post(over()), undefined)
  })
})

describe('what could not be stored', () => {
  test('is news again', () => {
    const house = new House()
    house.see({ kind: 'posted', alert: alert() }, false)
    assert.deepEqual([house.ledger.firing, house.rows.size], [0, 0])
    house.post(alert())
    house.see({ kind: 'posted', alert: over() }, false)
    assert.equal(idOf(house.post(over())), 'resolved')
  })

  test('is stored with the repeat that comes while it is being written', () => {
    const { ledger } = new House()
    const [one, other] = [ledger.begin(1), ledger.begin(1)]
    one.see({ kind: 'posted', alert: alert() })
    other.see({ kind: 'posted', alert: alert() })
    one.drop()
    assert.equal(other.progress().put.length, 1)
    other.keep()
    assert.equal(ledger.firing, 1)
  })
})

test('beyond ten thousand alerts are told, but no longer followed, and their rows stay bounded', () => {
  const ledger = createLedger([])
  const turn = ledger.begin(1)
  for (let at = 0; at < 10_050; at += 1)
    assert.ok(turn.see({ kind: 'posted', alert: alert({ fingerprint: `f${at}` }) }))
  turn.keep()
  assert.equal(ledger.firing, 10_000)
  const ending = ledger.begin(2)
  for (let at = 0; at < 10_050; at += 1)
    assert.ok(ending.see({ kind: 'posted', alert: over({ fingerprint: `f${at}` }) }))
  ending.keep()
  const after = ledger.begin(3)
  assert.equal(after.progress().delete.length, 50)
  after.keep()
  assert.equal(ledger.begin(3).progress().delete.length, 0)
})

test('a ledger that is read back from its rows goes on as the one that was never stopped', () => {
  const sighting = fc.record({
    kind: fc.constantFrom('post', 'poll', 'gone', 'fail' as const),
    fingerprint: fc.constantFrom('f1', 'f2'),
    isOver: fc.boolean(),
    startsAt: fc.constantFrom(first, second),
    summary: fc.constantFrom('a 1', 'a 2', 'b'),
    restart: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(sighting, { maxLength: 30 }), (program) => {
      const [steady, restarted] = [new House(), new House()]
      for (const { kind, fingerprint, isOver, startsAt, summary, restart } of program) {
        const one = (isOver ? over : alert)({ fingerprint, startsAt, ...says(summary) })
        if (restart) restarted.restart()
        const [a, b] = [steady, restarted].map((house) => {
          if (kind === 'gone') return house.gone(fingerprint)
          if (kind === 'fail') return house.see({ kind: 'posted', alert: one }, false)
          return kind === 'poll' ? house.poll({ ...one, status: 'firing' }) : house.post(one)
        })
        assert.deepEqual(b, a)
        assert.equal(restarted.ledger.firing, steady.ledger.firing)
      }
    }),
  )
})
