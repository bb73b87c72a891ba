const most = 100;

/** Sentences about an archive, of which the first hundred are kept and the others counted. */
export class Warnings {
  /** Grows while the archive is made. */
  readonly sentences: string[] = [];
  #count = 0;

  readonly add = (sentence: string): void => {
    this.#count += 1;
    if (this.#count <= most) this.sentences.push(sentence);
    else this.sentences[most] = `There are ${this.#count - most} more such warnings.`;
  };
}
