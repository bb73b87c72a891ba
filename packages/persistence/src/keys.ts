import { validate } from 'uuid';

/** Whether a text can be the id of a row: one that cannot names no row, and would be an error to the server. */
export const isUuid = (text: string): boolean => validate(text);

/** The same for a numbered row. */
export const isRowNumber = (value: number): boolean => Number.isInteger(value) && value > 0 && value <= 2_147_483_647;

/** The same for a name: the server refuses a text with a NUL in it. */
export const isName = (text: string): boolean => !text.includes('\0');
