// Vercel's AI SDK, by each of its providers. It answers lines as programs/session.py says.
import { createAnthropic } from "@ai-sdk/anthropic";
import { createGoogleGenerativeAI } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, Output, stepCountIs, streamText, tool } from "ai";
import fs from "node:fs";
import readline from "node:readline";
import { z } from "zod";

const [way, url, apiKey, modelName, picture] = process.argv.slice(2);
const v1 = { baseURL: `${url}/v1`, apiKey };
const ways = {
  chat: () => createOpenAI(v1).chat(modelName),
  responses: () => createOpenAI(v1).responses(modelName),
  anthropic: () => createAnthropic(v1)(modelName),
  google: () => createGoogleGenerativeAI({ baseURL: `${url}/v1beta`, apiKey })(modelName),
  compatible: () =>
    createOpenAICompatible({ ...v1, name: "turnout", supportsStructuredOutputs: true, includeUsage: true })(modelName),
};
const model = ways[way]();
const inputSchema = z.object({ city: z.string() });
const tools = {
  weather: tool({ description: "Tells the weather", inputSchema, execute: async () => "blue-42" }),
  train: tool({ description: "Finds a train", inputSchema, execute: async () => "green-43" }),
};
const system = "Be brief.";

async function streamed(options) {
  let failure;
  const result = streamText({ model, system, ...options, onError: ({ error }) => (failure = error) });
  let said = "";
  for await (const piece of result.textStream) said += piece;
  if (failure) throw failure;
  return said;
}

const whole = async (options) => (await generateText({ model, system, ...options })).text;
const withTools = (prompt) => streamed({ prompt, tools, stopWhen: stepCountIs(4) });
const schema = z.object({ city: z.string(), days: z.number().int() });
const tasks = {
  text: (prompt) => whole({ prompt }),
  stream: (prompt) => streamed({ prompt }),
  tool: withTools,
  parallel: withTools,
  image: (text) => {
    const image = { type: "image", image: fs.readFileSync(picture), mediaType: "image/png" };
    return whole({ messages: [{ role: "user", content: [{ type: "text", text }, image] }] });
  },
  structured: async (prompt) =>
    JSON.stringify((await generateText({ model, system, prompt, output: Output.object({ schema }) })).output),
};

function explained(error) {
  const inner = error.lastError ?? error;
  return `${inner.name} ${inner.statusCode ?? ""}: ${inner.message} ${inner.responseBody ?? ""}`;
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  const { task, prompt } = JSON.parse(line);
  const usual = ["cancel", "500"].includes(task) ? "stream" : "text";
  const answer = await (tasks[task] ?? tasks[usual])(prompt).catch(explained);
  console.log(`\nanswer: ${JSON.stringify(answer)}`);
}
