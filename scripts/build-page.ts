import { buildPage } from '../web/build.ts';

/** Run by wrangler before it bundles, deploys or serves the Worker. */
await buildPage();
