// Runs delayed jobs of BullMQ, each a GET, in one worker, and prints one line of JSON with the figures.
// Usage: node burst.mjs '{"port": 6379, "url": "http://127.0.0.1:8080/", "offsets": [0, 0.1], "lead": 3, "concurrency": 100}'
// `offsets` are the due times, in seconds after the first one, which is due `lead` seconds after the start.
import { Agent, get } from 'node:http'
import { Queue, Worker } from 'bullmq'
import { Redis } from 'ioredis'

const { port, url, offsets, lead, concurrency } = JSON.parse(process.argv[2])
const connection = { host: '127.0.0.1', port, maxRetriesPerRequest: null }
const agent = new Agent({ keepAlive: true, maxSockets: concurrency })
const late = []
let endedAt = 0

function call() {
    return new Promise((resolve, reject) => {
        const request = get(url, { agent }, (response) => {
            response.on('error', reject)
            response.on('end', () => (response.statusCode === 200 ? resolve() : reject(new Error(response.statusMessage))))
            response.resume()
        })
        request.on('error', reject)
    })
}

async function perform(job) {
    late.push(now() - job.data.due)
    await call()
    endedAt = Math.max(endedAt, now())
}

function now() {
    return performance.timeOrigin + performance.now()
}

async function redisSeconds(client) {
    const info = await client.info('cpu')
    const used = (kind) => Number(info.match(new RegExp(`used_cpu_${kind}:([0-9.]+)`))[1])
    return used('user') + used('sys')
}

const queue = new Queue('bench', { connection })
const client = new Redis(connection)
const first = Math.ceil(now() + lead * 1000)
const jobs = offsets.map((offset) => first + Math.round(offset * 1000)).map(delayed)

function delayed(due) {
    const timestamp = Date.now()
    return { name: 'call', data: { due }, opts: { timestamp, delay: due - timestamp } }
}

for (let start = 0; start < jobs.length; start += 500) {
    await queue.addBulk(jobs.slice(start, start + 500))
}
const worker = new Worker('bench', perform, { connection, concurrency })
const failed = new Promise((_, reject) => {
    worker.on('failed', (_job, error) => reject(error))
    worker.on('error', reject)
})
let completed = 0
const done = new Promise((resolve) => {
    worker.on('completed', () => ++completed === jobs.length && resolve())
})
await worker.waitUntilReady()
const left = first - now() - 300
if (left < 0) throw new Error(`saving the load took too long: it was due ${-left - 300} ms ago`)
await new Promise((resolve) => setTimeout(resolve, left))
const [cpu, redis] = [process.cpuUsage(), await redisSeconds(client)]
await Promise.race([done, failed])
const recorded = (now() - first) / 1000
const { user, system } = process.cpuUsage(cpu)
const figures = { late, took: (endedAt - first) / 1000, recorded, cpu: (user + system) / 1e6, redis: (await redisSeconds(client)) - redis }
console.log(JSON.stringify({ ...figures, kept: await queue.getCompletedCount() }))
process.exit(0)
