import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { openDawn } from './gpu.ts';

const ICD = 'lvp_icd.json';

/**
 * Folder of Mesa's lavapipe, the software driver that has f16 and cheap barriers: WEBSPEX_LAVAPIPE, else the cache folder that
 * fetch-lavapipe.sh fills; null where there is none.
 */
export function lavapipeFolder(): string | null {
  const folder = process.env.WEBSPEX_LAVAPIPE || join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'webspex', 'lavapipe');
  return existsSync(join(folder, ICD)) ? folder : null;
}

/** For titles of tests: why they are skipped, or nothing. */
export const NO_LAVAPIPE = lavapipeFolder() ? '' : ' (skipped: no lavapipe, see test/support/fetch-lavapipe.sh)';

/** Dawn on lavapipe, from now on the only driver of this process. The global setup has put its libraries where they are found. */
export function lavapipeGpu(): GPU {
  process.env.VK_ICD_FILENAMES = join(lavapipeFolder() ?? '', ICD);
  return openDawn();
}
