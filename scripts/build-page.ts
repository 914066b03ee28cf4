import { buildPage } from '../web/build.ts';

/** What wrangler runs before it bundles, deploys or serves the Worker. */
await buildPage();
