// Of all mounts of a machine, those that can fill up, once each.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isRemote, type Mount, pickMounts } from './mounts.ts'

function mount(point: string, more: Partial<Mount> = {}): Mount {
  return { point, type: 'ext4', source: '/dev/sda1', device: '8:1', root: '/', ...more }
}

function points(...mounts: Mount[]): string[] {
  return pickMounts(mounts).map(({ point }) => point)
}

test('what is in memory, an image or another file system once more is left out', () => {
  for (const [type, source] of [
    ['tmpfs', 'tmpfs'],
    ['tmpfs', '/dev/shm'],
    ['devtmpfs', 'udev'],
    ['proc', 'proc'],
    ['overlay', 'overlay'],
    ['squashfs', '/dev/loop0'],
    ['iso9660', '/dev/sr0'],
    ['autofs', 'systemd-1'],
    ['fuse.portal', 'portal'],
    ['rootfs', '/dev/root'],
  ] as const)
    assert.deepEqual(points(mount('/x', { type, source, device: '0:9' })), [], `${type} of ${source}`)
})

test('block devices, pools and network file systems are kept', () => {
  for (const [type, source] of [
    ['ext4', '/dev/mapper/vg-root'],
    ['fuseblk', '/dev/sdb1'],
    ['zfs', 'tank/home'],
    ['nfs4', 'nas:/export'],
    ['cifs', '//win/share'],
    ['fuse.sshfs', 'me@there:'],
  ] as const)
    assert.deepEqual(points(mount('/x', { type, source, device: '0:9' })), ['/x'], `${type} of ${source}`)
})

test('a device counts once: at /, then whole before a subvolume, then by the shortest path', () => {
  assert.deepEqual(points(mount('/mnt/twice'), mount('/mnt/tw')), ['/mnt/tw'])
  assert.deepEqual(points(mount('/a'), mount('/')), ['/'])
  const subvolume = { type: 'btrfs', root: '/@home' }
  assert.deepEqual(points(mount('/h', subvolume), mount('/whole', { type: 'btrfs' })), ['/whole'])
  assert.deepEqual(points(mount('/home', subvolume), mount('/', { type: 'btrfs', root: '/@' })), ['/'])
  assert.deepEqual(points(mount('/srv/one', subvolume), mount('/srv/o', subvolume)), ['/srv/o'])
})

test('a bind mount is left out, also where the whole is out of sight', () => {
  assert.deepEqual(points(mount('/etc/hosts', { root: '/var/lib/docker/hosts' })), [])
})

test('what was mounted last over a point is what is seen there', () => {
  assert.deepEqual(points(mount('/mnt'), mount('/mnt', { type: 'tmpfs', source: 'tmpfs', device: '0:7' })), [])
})

test('what is asked over the network or of a program is told apart', () => {
  assert.deepEqual(
    ['ext4', 'zfs', 'nfs4', 'cifs', 'fuseblk', 'fuse.sshfs', 'fuse.anything', '9p'].map((type) => isRemote({ type })),
    [false, false, true, true, true, true, true, true],
  )
})

test('whatever is mounted, each device is there once, and only what was given', () => {
  const one = fc.record({
    point: fc.constantFrom('/', '/a', '/b', '/a/b', '/c'),
    type: fc.constantFrom('ext4', 'btrfs', 'tmpfs', 'nfs', 'overlay', ''),
    source: fc.constantFrom('/dev/sda', 'nas:/x', ''),
    device: fc.constantFrom('1:1', '1:2', '0:3'),
    root: fc.constantFrom('/', '/part'),
  })
  fc.assert(
    fc.property(fc.array(one), (mounts) => {
      const picked = pickMounts(mounts)
      assert.equal(new Set(picked.map(({ device }) => device)).size, picked.length)
      const given: readonly Mount[] = mounts
      assert.ok(picked.every((mount) => given.includes(mount)))
    }),
  )
})
