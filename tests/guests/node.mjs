// Functions for AWS's Node runtime: what they do is in the event.
export const handler = async (event, context) => {
  if (event.fail) throw new Error(event.fail);
  return {
    event,
    id: context.awsRequestId,
    arn: context.invokedFunctionArn,
    remaining: context.getRemainingTimeInMillis(),
    tenant: context.tenantId ?? null,
    pid: process.pid,
  };
};

export const streaming = awslambda.streamifyResponse(async (event, stream) => {
  const told = { statusCode: 201, headers: { 'x-a': '1' }, cookies: ['a=1'] };
  stream = awslambda.HttpResponseStream.from(stream, told);
  stream.write('one');
  await new Promise((done) => setTimeout(done, event.pause ?? 0));
  if (event.fail) throw new TypeError(event.fail);
  stream.write('two');
  stream.end();
});
