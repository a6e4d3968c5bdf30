import { WebspexError } from '../../core/errors.ts';
import { request } from './download.ts';
import { absent, addressOf, type Hub, keyOf } from './hub.ts';
import { digestOf, isCommit, type ListedFile, type Listing, parseListing, writeListing } from './listing.ts';

/** What is known of one file, and of the commit it is of; null where the hub does not say. */
export interface Found {
  readonly commit: string | null;
  readonly file: ListedFile;
}

const MOST_REDIRECTS = 5;

const refKey = (hub: Hub) => keyOf(hub, 'refs', `${hub.wanted}.json`);

async function remembered(hub: Hub): Promise<Listing | null> {
  const kept = await hub.store.get(refKey(hub));
  try {
    return kept && parseListing(kept);
  } catch {
    // A spoilt note is none.
    return null;
  }
}

async function ask(hub: Hub): Promise<Listing | null> {
  const { id, host, wanted, line } = hub;
  const response = await request(`${host}api/models/${id}/revision/${encodeURIComponent(wanted)}?blobs=true`, line);
  if (response.status === 401 || response.status === 403) throw absent(hub, `revision ${wanted}`, response.status);
  // A plain mirror has the files alone.
  if (!response.ok || !response.headers.get('content-type')?.includes('json')) return null;
  return parseListing(new Uint8Array(await response.arrayBuffer()));
}

/**
 * The files of the revision as the hub lists them now; where it is out of reach, or must not be asked, as it did last time. Null where it
 * lists nothing. @throws not-found, bad-file, aborted.
 */
export async function listingOf(hub: Hub): Promise<Listing | null> {
  if (hub.offline) {
    const known = await remembered(hub);
    if (!known) throw absent(hub, `revision ${hub.wanted}`, 'none in the cache, and nothing may be asked of the hub');
    return known;
  }
  try {
    const found = await ask(hub);
    if (found) await remember(hub, found);
    return found;
  } catch (error) {
    const known = error instanceof WebspexError && error.code === 'bad-file' ? await remembered(hub) : null;
    if (known) return known;
    throw error;
  }
}

/** Notes what the hub says now, for a time when it cannot be asked. */
export function remember(hub: Hub, listing: Listing): Promise<void> {
  return hub.store.put(refKey(hub), writeListing(listing));
}

/** What the hub says of one file in the headers of its answer, before it sends the asker elsewhere. @throws not-found, bad-file, aborted. */
export async function headersOf(hub: Hub, file: string, revision: string): Promise<Found> {
  let address = addressOf(hub, file, revision);
  for (let hops = 0; ; hops++) {
    const response = await request(address, hub.line, { method: 'HEAD', redirect: 'manual' });
    // A page does not see where it is sent to.
    if (response.type === 'opaqueredirect' || response.status === 405) return { commit: null, file: { size: null, digest: null } };
    if (response.status >= 400) throw absent(hub, file, response.status);
    const { headers } = response;
    const next = headers.get('location');
    if (next?.startsWith('/') && !headers.has('x-linked-etag') && hops < MOST_REDIRECTS) {
      address = new URL(next, address).href;
      continue;
    }
    const commit = headers.get('x-repo-commit');
    const length = headers.get('x-linked-size') ?? (response.ok && !headers.get('content-encoding') ? headers.get('content-length') : null);
    const size = length && /^\d+$/.test(length) ? Number(length) : null;
    return {
      commit: isCommit(commit) ? commit : null,
      file: { size, digest: digestOf(headers.get('x-linked-etag') ?? headers.get('etag')) },
    };
  }
}
