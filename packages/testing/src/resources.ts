type Release = () => Promise<void>;

const releases: Release[] = [];

/** Registers what is to be stopped after the last test of the run. */
export function releaseAtEnd(release: Release): void {
  releases.push(release);
}

/** Stops everything that was registered, the newest first. */
export async function releaseAll(): Promise<void> {
  for (const release of releases.splice(0).reverse()) await release();
}
