/** Milliseconds between two looks at work under way: events come sooner, and this is where none come through. */
const lookMs = 2500;

export const watched = (isUnderWay: boolean): number | false => (isUnderWay ? lookMs : false);
