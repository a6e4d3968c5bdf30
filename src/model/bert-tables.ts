// Written by test/model/golden/make-bert-tables.py with tokenizers 0.23.3; do not edit.
// Each set is the lengths, in base 36, of alternating stretches of code points outside and inside it, from 0.

/** Removed by clean_text: controls, formats, private use. */
export const REMOVED =
  '0 9 2 2 1 i 2n x d 1 11u 6 m 1 5c 1 1d 1 3cu 1 1ks 5 q 5 1d 5 1 a 11u8 4xs 16n 1 6x 3 1 1 3b3 1 xya 4 43z 8 h406 1 u 2o 1egw ' +
  '1eke 2 1eke';
