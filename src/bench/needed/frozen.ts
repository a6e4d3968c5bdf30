import { WebspexError } from '../../core/errors.ts';
import type { BenchContext } from '../harness.ts';
import type { Points } from './curve.ts';
import { type Game, type GameHead, unpackGame } from './game.ts';

/** What the peers made of the games, and which versions of them. */
export interface Peers {
  readonly made: Readonly<Record<string, string>>;
  /** By game, by method: R² on the fresh masks after so many passes. */
  readonly curves: Readonly<Record<string, Readonly<Record<string, Points>>>>;
}

const NO_PEERS: Peers = { made: {}, curves: {} };

/** A JSON file beside the games, or `absent` where there is none. @throws bad-file. */
async function readJson<T>(context: BenchContext, name: string, absent: T): Promise<T> {
  const bytes = await context.readGame?.(name);
  if (!bytes) return absent;
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as T;
  } catch (error) {
    throw new WebspexError('bad-file', `${name}: expected JSON, got ${(error as Error).message}; gather the games anew with --fresh`);
  }
}

/** The list of games that are stored; empty where none are. */
export async function gameHeads(context: BenchContext): Promise<readonly GameHead[]> {
  return readJson<readonly GameHead[]>(context, 'games.json', []);
}

/** A stored game. @throws not-found where its numbers are missing, bad-file. */
export async function readStored(context: BenchContext, head: GameHead): Promise<Game> {
  const bytes = await context.readGame?.(`${head.name}.bin`);
  if (!bytes)
    throw new WebspexError('not-found', `game ${head.name}: expected ${head.name}.bin beside games.json, got none; gather it with --fresh`);
  return unpackGame(head, bytes);
}

/** What the peers made of the stored games; nothing where that is not stored. */
export async function readPeers(context: BenchContext): Promise<Peers> {
  return readJson(context, 'peers.json', NO_PEERS);
}
