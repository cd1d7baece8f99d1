// `node --import node_layers.mjs`: import finds packages in the folders of NODE_PATH too, as it does
// on Lambda from Node.js 18 on, where layers are there. Node.js itself looks there for require alone.
// https://aws.amazon.com/blogs/compute/node-js-18-x-runtime-now-available-in-aws-lambda/
// https://nodejs.org/api/module.html#customization-hooks

import { register } from 'node:module';
import { delimiter } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isMainThread } from 'node:worker_threads';

const folders = (process.env.NODE_PATH ?? '').split(delimiter).filter(Boolean);

export async function resolve(specifier, context, next) {
  try {
    return await next(specifier, context);
  } catch (error) {
    if (error.code !== 'ERR_MODULE_NOT_FOUND' || /^[./#]|^[a-z]+:/.test(specifier)) throw error;
    for (const folder of folders) {
      try { // as a file beside node_modules would import it
        const parentURL = `${pathToFileURL(folder)}/../layer.mjs`;
        return await next(specifier, { ...context, parentURL: new URL(parentURL).href });
      } catch {
        // it is in none of the folders so far
      }
    }
    throw error;
  }
}

if (isMainThread) register(import.meta.url); // its hooks run in a thread of their own
