// Which of a Linux machine's mounts are file systems that can fill up, one entry for each.

export interface Mount {
  readonly point: string
  readonly type: string
  /** What is mounted, such as /dev/sda1 or nas:/export. */
  readonly source: string
  /** What tells file systems apart: `8:1`, or the source again. */
  readonly device: string
  /** The folder of that file system which is seen here; anything but `/` is a part of it. */
  readonly root?: string
}

/** Asked over the network or from another program: the answer may never come. */
export function isRemote({ type }: Pick<Mount, 'type'>): boolean {
  return networkTypes.has(type) || type === 'fuseblk' || type.startsWith('fuse.')
}

/**
 * Block devices, pools and network file systems; not what lives in memory or shows another file system once more, and no
 * images, which are always full. Of a device mounted more than once, the whole before a part, then the shortest path.
 */
export function pickMounts(mounts: readonly Mount[]): readonly Mount[] {
  // What was mounted last over the same point is what is seen there.
  const visible = new Map(mounts.map((mount) => [mount.point, mount]))
  const picked = new Map<string, Mount>()
  for (const mount of visible.values()) {
    if (!isFillable(mount) || isPart(mount)) continue
    const known = picked.get(mount.device)
    if (known === undefined || isBetter(mount, known)) picked.set(mount.device, mount)
  }
  return [...picked.values()].sort((a, b) => (a.point < b.point ? -1 : 1))
}

// https://github.com/torvalds/linux/tree/master/fs, and what is common as FUSE.
const networkTypes: ReadonlySet<string> = new Set([
  '9p',
  'afs',
  'beegfs',
  'ceph',
  'cifs',
  'coda',
  'gfs2',
  'glusterfs',
  'lustre',
  'ncpfs',
  'nfs',
  'nfs4',
  'ocfs2',
  'smb3',
  'smbfs',
  'virtiofs',
  'fuse.ceph-fuse',
  'fuse.curlftpfs',
  'fuse.davfs',
  'fuse.glusterfs',
  'fuse.juicefs',
  'fuse.mfs',
  'fuse.rclone',
  'fuse.s3fs',
  'fuse.seaweedfs',
  'fuse.sshfs',
])
/** Their source is a name and no device. */
const poolTypes: ReadonlySet<string> = new Set(['zfs', 'bcachefs'])
const imageTypes: ReadonlySet<string> = new Set(['cramfs', 'erofs', 'iso9660', 'romfs', 'squashfs', 'udf'])

function isFillable({ type, source }: Mount): boolean {
  if (imageTypes.has(type)) return false
  if (networkTypes.has(type) || poolTypes.has(type)) return true
  return source.startsWith('/dev/') && !nodeTypes.has(type)
}

/** In memory, whatever they give as their source. */
const nodeTypes: ReadonlySet<string> = new Set(['devtmpfs', 'overlay', 'ramfs', 'rootfs', 'tmpfs'])

/** A bind mount of a folder or file. A subvolume is mounted like one, and is the way such a file system is used. */
function isPart({ type, root = '/' }: Mount): boolean {
  return root !== '/' && type !== 'btrfs' && type !== 'bcachefs' && !networkTypes.has(type)
}

function isBetter(mount: Mount, known: Mount): boolean {
  const [whole, wasWhole] = [mount.root === '/', known.root === '/']
  if (mount.point === '/' || known.point === '/') return mount.point === '/'
  if (whole !== wasWhole) return whole
  return mount.point.length < known.point.length
}
