// A function behind serverless-offline.

const answer = { statusCode: 200, headers: { "content-type": "text/plain" }, body: "Hello, world!" };

export const handler = async () => answer;
