import type { Context } from 'hono';
export const openApiRoute = (version: string) => (c: Context) => c.json({ version });
