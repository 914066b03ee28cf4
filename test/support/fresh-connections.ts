import { Agent, setGlobalDispatcher } from 'undici';

/**
 * Each `fetch` of a test has a connection of its own. Hosts end idle connections after 5 s, and on a
 * busy machine a request that reuses one finds it ended: a user's client asks again, a test must not.
 */
setGlobalDispatcher(new Agent({ pipelining: 0 }));
