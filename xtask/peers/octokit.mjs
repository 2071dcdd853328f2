// The bare acknowledgment of @octokit/webhooks: verifies, calls no handler, answers.
import { createServer } from "node:http";
import { Webhooks, createNodeMiddleware } from "@octokit/webhooks";

const webhooks = new Webhooks({ secret: process.env.SECRET });
const server = createServer(createNodeMiddleware(webhooks, { path: "/webhook" }));
server.listen(0, "127.0.0.1", () => console.error(`ready listen=127.0.0.1:${server.address().port}`));
