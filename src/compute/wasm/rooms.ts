/** Rooms in one memory, from an address on. */
export interface Rooms {
  /** The lowest address with so many free bytes behind it; they are taken from then on. */
  take(bytes: number): number;
  /** Frees the room that begins there. */
  leave(from: number): void;
}

export function createRooms(first: number): Rooms {
  const taken: { from: number; end: number }[] = [];
  return {
    take(bytes) {
      let from = first;
      let at = 0;
      for (; at < taken.length && taken[at].from - from < bytes; at++) from = taken[at].end;
      taken.splice(at, 0, { from, end: from + bytes });
      return from;
    },
    leave(from) {
      const at = taken.findIndex((room) => room.from === from);
      if (at >= 0) taken.splice(at, 1);
    },
  };
}
