export const auditOutcomes = ['done', 'failed', 'refused', 'unknown'] as const;
/**
 * What became of it: `failed`, with a mistake of ours or a part of the service away, so that some of it may have happened;
 * `refused` to whoever may not; `unknown`, because its process ended before it could say.
 */
export type AuditOutcome = (typeof auditOutcomes)[number];

export const auditActors = ['token', 'system'] as const;
export type AuditActor = {
  type: (typeof auditActors)[number];
  /** Of the token; null of the system itself, and of whoever is not known. */
  id: string | null;
  name: string;
};

export interface AuditObject {
  type: string;
  id: string | null;
  name: string | null;
}

/** Values as JSON has them. */
export type AuditDetails = Readonly<Record<string, unknown>>;

/** Who does what to which object, from where. */
export interface AuditedAction {
  /** In whose log it stands; null: in that of the installation. */
  accountId: number | null;
  actor: AuditActor;
  /** `<object>.<verb>`. */
  action: string;
  object: AuditObject;
  /** The client's address; null of what comes from within. */
  address: string | null;
  requestId: string | null;
  /** Never with a secret in it. */
  details: AuditDetails;
}

/** One entry of a log. Entries of one log form a chain: each holds the hash of the one before it. */
export interface AuditEntry extends Omit<AuditedAction, 'details'> {
  id: string;
  /** From 1, without a gap. */
  position: number;
  at: Date;
  outcome: AuditOutcome;
  /** JSON, as it was hashed. */
  details: string;
  /** The hash of the entry before, 64 zeros for the first one. */
  previous: string;
  /** SHA-256, in hexadecimal digits, of everything else here. */
  hash: string;
}

/** Actions that are the system's own. */
export const systemActor = (name: string): AuditActor => ({ type: 'system', id: null, name });
