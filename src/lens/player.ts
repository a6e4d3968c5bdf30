/** A unit of the input that is present or absent. */
export interface Player {
  readonly id: number;
  readonly label: string;
  /** UTF-16 offsets into the text; 0, 0 where the players are not pieces of a text. */
  readonly start: number;
  readonly end: number;
}
