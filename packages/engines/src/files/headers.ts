import { HoldfastError } from '@holdfast/shared/domain';
import { Header, Pax } from 'tar';

export const blockSize = 512;
/** Two empty blocks end an archive: others for each, as whoever reads a dump may give its memory back. */
export const archiveEnd = (): Buffer => Buffer.alloc(2 * blockSize);

export interface Member {
  /** Begins with `./`; a directory's ends with a slash. */
  path: string;
  type: 'File' | 'Directory' | 'SymbolicLink' | 'Link';
  mode: number;
  uid: number;
  gid: number;
  size: number;
  mtime: Date;
  linkpath?: string;
}

/**
 * The blocks in front of a member's content. What a plain header cannot hold (long or foreign names, large numbers) goes
 * into an extended one before it, in the form that every tar reads. Neither the times of access nor names of users are in
 * it, so that the same content always gives the same bytes.
 */
export function headerOf(member: Member): Buffer {
  const header = new Header({ ...member });
  if (!header.encode() || !header.block) return header.block ?? unencodable(member);
  const { path, linkpath, size, uid, gid, mtime } = member;
  const extended = new Pax({ path, size, uid, gid, mtime, ...(linkpath === undefined ? {} : { linkpath }) });
  return Buffer.concat([extended.encode(), header.block]);
}

/** So many zeros fill the last block of a content. */
export const paddingOf = (size: number): number => (blockSize - (size % blockSize)) % blockSize;

function unencodable({ path }: Member): never {
  throw new HoldfastError('internal', `No header could be made for ${path}.`);
}
