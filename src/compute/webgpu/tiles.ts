import { VERSION } from '../../version.ts';
import type { DeviceInfo } from '../backend.ts';
import { type ProductSize, RACE_SIZE, tilingContenders } from './contenders.ts';
import { type DeviceOptions, type OpenDevice, openDevice } from './device.ts';
import { type Race, race } from './race.ts';
import { TILINGS, type Tiling } from './shaders.ts';
import type { Dtype } from './storage.ts';

/** Keeps small facts about adapters between sessions; what it cannot keep is found out again. */
export interface TileMemory {
  recall(key: string): Promise<string | null>;
  keep(key: string, value: string): Promise<void>;
}

/** Default: all tilings, in f32, on a product that fills a large GPU. */
export interface RaceOf {
  readonly tilings?: readonly Tiling[];
  readonly size?: ProductSize;
  readonly dtype?: Dtype;
}

/** Which tiles a device's products are computed in, and the race that they won; null where there was none. */
export interface Chosen {
  readonly tiling: Tiling;
  readonly race: Race<Tiling> | null;
}

/** The narrow one is for llvmpipe alone. */
const RACED = TILINGS.filter((tiling) => tiling !== 'narrow');

/** Mesa's software driver. By name and not by a race: on a busy machine that would be won by chance, and sums would differ from run to run. */
const LLVMPIPE = /llvmpipe|lavapipe/i;

/**
 * Tiles for an adapter: without barriers on software, which runs barriers two to four times slower; on hardware what is remembered of the
 * adapter and this version, else the winner of a race of about 100 ms. @throws self-check where no tile is right, device-lost.
 */
export async function chooseTiling(opened: OpenDevice, memory: TileMemory | null = browserMemory(), how: RaceOf = {}): Promise<Chosen> {
  if (opened.info.software) return { tiling: LLVMPIPE.test(opened.info.adapter) ? 'narrow' : 'direct', race: null };
  const key = `${opened.info.adapter}, ${how.dtype ?? 'f32'}, webspex ${VERSION}`;
  const recalled = await memory?.recall(key).catch(() => null);
  const known = TILINGS.find((tiling) => tiling === recalled);
  if (known) return { tiling: known, race: null };
  const won = await raceTilings(opened, how);
  await memory?.keep(key, won.winner).catch(() => {});
  return { tiling: won.winner, race: won };
}

/** Times every tiling on a device. @throws self-check, device-lost, out-of-memory. */
export async function raceTilings(
  opened: OpenDevice,
  { tilings = RACED, size = RACE_SIZE, dtype = 'f32' }: RaceOf = {},
): Promise<Race<Tiling>> {
  const { contenders, destroy } = await tilingContenders(opened, tilings, size, dtype);
  try {
    return await race(contenders);
  } finally {
    destroy();
  }
}

/** Opens a device and times every tiling of one product on it. @throws as opening a device does, self-check, device-lost, out-of-memory. */
export async function timeTilings(
  options: DeviceOptions,
  size: ProductSize,
): Promise<{ device: DeviceInfo; entries: Race<Tiling>['entries'] }> {
  const opened = await openDevice(options);
  try {
    return { device: opened.info, entries: (await raceTilings(opened, { size })).entries };
  } finally {
    opened.destroy();
  }
}

const STORE = 'webspex-tiles';

/** The Cache Storage of a page or worker; null where there is none, as in Node. Nothing is requested: the address only names the fact. */
export function browserMemory(): TileMemory | null {
  const { caches } = globalThis as { caches?: CacheStorage };
  if (!caches) return null;
  const address = (key: string) => `https://webspex.invalid/${encodeURIComponent(key)}`;
  return {
    async recall(key) {
      const found = await (await caches.open(STORE)).match(address(key));
      return found ? found.text() : null;
    },
    async keep(key, value) {
      await (await caches.open(STORE)).put(address(key), new Response(value));
    },
  };
}
