import { Agent, setGlobalDispatcher } from 'undici';

/**
 * Gives each `fetch` of a test a new connection. Hosts end idle connections after 5 s, and on a busy
 * machine a request may reuse one just then: clients retry such a request, but tests must not.
 */
setGlobalDispatcher(new Agent({ pipelining: 0 }));
