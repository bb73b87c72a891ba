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
  /** Sorted by the public keys. */
  openedBy(): Promise<OpenedBy[]>;
}
