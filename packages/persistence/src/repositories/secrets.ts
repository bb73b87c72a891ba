/** How many stored secrets a key seals; `inUse` is the key that seals new ones. */
export interface SealedBy {
  keyId: string;
  secrets: number;
  inUse: boolean;
  /** Whether it is among the configured keys: secrets of one that is not cannot be opened. */
  known: boolean;
}

/** How many backups that still have objects a public key opens. */
export interface OpenedBy {
  recipient: string;
  backups: number;
}

/** How many secrets there are of one kind. */
export interface SecretCount {
  /** For people: `password of a database`. */
  what: string;
  secrets: number;
}

/** How many secrets of one kind a key sealed that no configured key opens. */
export interface UnreadableCount extends SecretCount {
  keyId: string;
}

export interface SecretRepository {
  /** The key in use first, then the others by their ids; configured ones that seal nothing among them. */
  sealedBy(): Promise<SealedBy[]>;
  /**
   * Seals every stored secret with the key in use that another one seals. Services may run meanwhile; interrupted, it can be
   * called again.
   * @returns how many it sealed anew
   * @throws Error, before anything is changed, when a secret cannot be opened
   */
  reseal(): Promise<number>;
  /**
   * A cheap look for secrets that no configured key opens, for the start of a service. It tries a few for each key and kind, so of
   * a key that has the id of another one it may not find all: `lost` does.
   */
  unreadable(): Promise<UnreadableCount[]>;
  /** Stored secrets that none of the configured keys opens; kinds without one are left out. */
  lost(): Promise<SecretCount[]>;
  /**
   * Marks what is lost as forgotten: it can be listed and set again from then on, and what needs it fails with `secret_forgotten`.
   * What a configured key opens is left alone, also where a service writes it meanwhile. Interrupted, it can be called again.
   * @returns what it marked
   */
  forget(): Promise<SecretCount[]>;
  /** What was forgotten and not set again yet; kinds without one are left out. */
  forgotten(): Promise<SecretCount[]>;
  /** Sorted by the public keys. */
  openedBy(): Promise<OpenedBy[]>;
}
