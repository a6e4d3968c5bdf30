import { type Endpoint, serveExplainer } from '../src/text.ts';

serveExplainer(self as unknown as Endpoint);
