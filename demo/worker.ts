import { type Endpoint, serveExplainer } from '../src/text.ts';
import { allowOwnWorkers } from './trusted-worker.ts';

allowOwnWorkers();
serveExplainer(self as unknown as Endpoint);
