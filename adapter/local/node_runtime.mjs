// A runtime client for Node.js functions, for projects that don't have AWS's own installed:
// `node node_runtime.mjs index.handler`. One invocation at a time.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
// https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html
// https://docs.aws.amazon.com/lambda/latest/dg/config-rs-write-functions.html

import { existsSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { basename, dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':');
const VERSION = '/2018-06-01/runtime';
const STREAMED = Symbol('streamed');
const HEAD = 'application/vnd.awslambda.http-integration-response';
const agent = new Agent({ keepAlive: true, maxSockets: 2 });

globalThis.awslambda = {
  streamifyResponse: (handler) => Object.assign(handler, { [STREAMED]: true }),
  HttpResponseStream: {
    from(stream, head) {
      stream.setContentType(HEAD);
      stream.write(JSON.stringify(head) + '\0'.repeat(8));
      return stream;
    },
  },
};

function call(method, path, headers = {}) {
  return request({ host, port, method, path: VERSION + path, headers, agent });
}

function answerOf(sent) {
  return new Promise((done, failed) => {
    sent.on('error', failed);
    sent.on('response', async (response) => {
      const chunks = [];
      for await (const chunk of response) chunks.push(chunk);
      done({ headers: response.headers, body: Buffer.concat(chunks).toString() });
    });
  });
}

function exchange(method, path, headers, body) {
  const sent = call(method, path, headers);
  const answer = answerOf(sent);
  sent.end(body);
  return answer;
}

function documentOf(error) {
  const known = error instanceof Error;
  return {
    errorType: known ? error.name : typeof error,
    errorMessage: known ? error.message : String(error),
    trace: known ? String(error.stack).split('\n') : [],
  };
}

function report(path, error) {
  console.error(error);
  const kind = { 'Lambda-Runtime-Function-Error-Type': `Runtime.${documentOf(error).errorType}` };
  return exchange('POST', path, kind, JSON.stringify(documentOf(error)));
}

async function load(named) {
  const folder = dirname(named);
  const [module, ...names] = basename(named).split('.');
  const files = ['.mjs', '.js', '.cjs'].map((end) => resolve(folder, module + end));
  const file = files.find(existsSync);
  if (!file) throw new Error(`there is no ${module}.mjs, .js or .cjs in ${resolve(folder)}`);
  const loaded = await import(pathToFileURL(file).href);
  const found = [loaded, loaded.default ?? {}]
    .map((from) => names.reduce((value, name) => value?.[name], from))
    .find((value) => typeof value === 'function');
  if (!found) throw new Error(`${basename(file)} exports no function ${names.join('.')}`);
  return found;
}

function contextOf(headers) {
  const deadline = Number(headers['lambda-runtime-deadline-ms']);
  const parsed = (name) => (headers[name] ? JSON.parse(headers[name]) : undefined);
  return {
    awsRequestId: headers['lambda-runtime-aws-request-id'],
    callbackWaitsForEmptyEventLoop: true,
    clientContext: parsed('lambda-runtime-client-context'),
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    getRemainingTimeInMillis: () => deadline - Date.now(),
    identity: parsed('lambda-runtime-cognito-identity'),
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    tenantId: headers['lambda-runtime-aws-tenant-id'],
  };
}

function resultOf(handler, event, context) {
  return new Promise((done, failed) => {
    const callback = (error, value) => (error ? failed(error) : done(value));
    const returned = handler(event, context, callback);
    if (handler.length < 3 || typeof returned?.then === 'function') done(returned);
  });
}

async function answer(handler, id, event, context) {
  const body = JSON.stringify((await resultOf(handler, event, context)) ?? null);
  await exchange('POST', `/invocation/${id}/response`, {}, body);
}

async function stream(handler, id, event, context) {
  const sent = call('POST', `/invocation/${id}/response`, {
    'Lambda-Runtime-Function-Response-Mode': 'streaming',
    'Content-Type': 'application/octet-stream',
    'Transfer-Encoding': 'chunked',
    Trailer: 'Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body',
  });
  sent.setContentType = (kind) => sent.setHeader('Content-Type', kind);
  const answered = answerOf(sent);
  try {
    await handler(event, sent, context);
  } catch (error) {
    console.error(error);
    const document = documentOf(error);
    sent.addTrailers({
      'Lambda-Runtime-Function-Error-Type': `Runtime.${document.errorType}`,
      'Lambda-Runtime-Function-Error-Body': Buffer.from(JSON.stringify(document)).toString('base64'),
    });
  }
  if (!sent.writableEnded) sent.end();
  await answered;
}

async function serve(handler) {
  for (;;) {
    const { headers, body } = await exchange('GET', '/invocation/next');
    const id = headers['lambda-runtime-aws-request-id'];
    process.env._X_AMZN_TRACE_ID = headers['lambda-runtime-trace-id'] ?? '';
    const respond = handler[STREAMED] ? stream : answer;
    try {
      await respond(handler, id, JSON.parse(body), contextOf(headers));
    } catch (error) {
      await report(`/invocation/${id}/error`, error);
    }
  }
}

let handler;
try {
  handler = await load(process.argv[2]);
} catch (error) {
  await report('/init/error', error);
  process.exit(1);
}
await serve(handler);
