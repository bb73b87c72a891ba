const prefix = 'holdfast-draft-';

/**
 * Keeps what somebody typed as long as this tab is open, so that loading the page again does not lose it. Never give it a
 * secret: whoever sits at the tab can read it. Where the browser keeps nothing, nothing is kept.
 * @param owner who typed it: nobody else is given it
 */
export function keepDraft(name: string, owner: string, value: object): void {
  try {
    sessionStorage.setItem(prefix + name, JSON.stringify({ owner, value }));
  } catch {
    return;
  }
}

/** @returns what the same owner kept; null where that is nothing */
export function keptDraft(name: string, owner: string): unknown {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(prefix + name) ?? 'null');
    const isOurs = typeof kept === 'object' && kept !== null && 'owner' in kept && kept.owner === owner;
    return isOurs && 'value' in kept ? kept.value : null;
  } catch {
    return null;
  }
}

export function forgetDraft(name: string): void {
  try {
    sessionStorage.removeItem(prefix + name);
  } catch {
    return;
  }
}

/** Of everybody: the session was ended on purpose. */
export function forgetDrafts(): void {
  try {
    for (const key of Object.keys(sessionStorage)) if (key.startsWith(prefix)) sessionStorage.removeItem(key);
  } catch {
    return;
  }
}
