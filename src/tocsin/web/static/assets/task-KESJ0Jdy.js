/*! Licenses of the bundled packages: /assets/licences.md */
import{A as e,C as t,F as n,H as r,I as i,J as a,K as o,M as s,N as c,O as l,P as u,R as d,V as f,_ as p,a as m,i as h,l as g,n as _,nt as v,o as y,q as b,r as x,rt as S,w as C,y as w,z as T}from"./index-CfbBKCB3.js";import{f as E,t as D}from"./jsxRuntime.module-B9qDJXb7.js";import{t as O}from"./actions-CHsHzQ2_.js";import{t as k}from"./bulk-Cb7h2uMn.js";function A({task:{status:e,nextDueTimes:t}}){return t.length===0?D(`p`,{class:`faint`,children:e===`PAUSED`?`None while it is paused.`:`None.`}):D(`ol`,{class:`times`,children:t.map(e=>D(`li`,{children:[D(l,{at:e,as:`moment`}),D(`span`,{class:`faint`,children:D(l,{at:e})})]},e))})}function j({outcomes:e}){let t=Math.max(...e.map(({durationMs:e})=>e??0),1);return D(`ol`,{class:`strip`,"aria-label":`Latest runs, the latest last`,children:e.map(({runId:e,status:n,dueAt:r,durationMs:a})=>{let{word:o,tone:c}=s(n),l=a===null?``:` after ${i(a)}`,u=`${Math.max(Math.sqrt((a??0)/t)*100,18)}%`;return D(`li`,{children:D(v,{href:`/runs/${e}`,title:`${o}${l}\n${d(Date.parse(r))}`,class:`bar ${c}`,style:{height:u},children:D(`span`,{class:`hidden`,children:o})})},e)})})}var M=a(`mutation RunTask($id: ID!) { runTask(input: { id: $id }) { run { id } userErrors { message } } }`),N=a(`mutation DeleteTask($id: ID!) { deleteTask(input: { id: $id }) { userErrors { message } } }`);function P({task:{id:e,name:n,status:r},done:i}){let{client:a}=o(),s=O(M,{id:e}),c=O(N,{id:e}),[,l]=S(),u=r===`PAUSED`,d=()=>void k(a,u?`resume`:`pause`,{ids:[e]}).then(i),f=async()=>{await _({title:`Delete ${n}?`,text:`Its open runs are cancelled; the history is kept. This cannot be undone.`,action:`Delete`})&&await c.run()&&(g(`${n} was deleted.`),l(`/tasks`))};return D(E,{children:[D(`span`,{class:`problem`,role:`alert`,children:s.problem||c.problem}),D(`button`,{type:`button`,disabled:c.isBusy,onClick:()=>void f(),children:[D(p,{}),`Delete`]}),D(v,{href:`/tasks/${e}/edit`,class:`button`,children:[D(w,{}),`Edit`]}),r!==`CANCELLED`&&D(`button`,{type:`button`,onClick:d,children:[D(u?C:t,{}),u?`Resume`:`Pause`]}),D(`button`,{type:`button`,class:`main`,disabled:s.isBusy,onClick:()=>void s.run(),children:[D(C,{}),`Run now`]})]})}function F({outcomes:e}){let[,t]=S(),n=e.filter(({durationMs:e})=>e!==null),r=n.map(({dueAt:e})=>Date.parse(e)),a=r[0],o=r[r.length-1];if(a===void 0||o===void 0||r.length<2)return null;let s=Math.max((o-a)*.03,1e3),c=n.map(({status:e})=>e===`FAILED`),l=[{name:`Failed`,tone:`bad`,kind:`points`,values:n.map(({durationMs:e},t)=>c[t]?e:null)},{name:`Took`,tone:`accent`,kind:`line`,values:n.map(({durationMs:e})=>e)}];return D(y,{label:`Duration of the latest runs`,summary:`${n.length} runs, ${c.filter(Boolean).length} failed`,times:r,series:l,format:i,from:a-s,to:o+s,onPick:e=>t(`/runs/${n[e]?.runId??``}`)})}var I=a(`
    query Task($id: ID!, $runs: Int!) {
      task(id: $id) {
        id
        name
        description
        uniqueName
        status
        tags
        version
        createdAt
        updatedAt
        nextRunAt
        priority
        overlap
        timeout
        waitingText
        pauseReason
        consecutiveFailures
        alertAfter
        alertOnMissed
        pauseAfter
        assignedQueue {
          name
          paused
          depth
        }
        misfire {
          policy
          grace
          maxRuns
        }
        schedule {
          summary
          description
          ... on OnceSchedule {
            at
          }
          ... on IntervalSchedule {
            interval
            start
            end
          }
          ... on CronSchedule {
            expression
            timeZone
          }
        }
        retry {
          maxRetries
          offsets
          statuses
          backoff {
            initial
            factor
            max
          }
        }
        job {
          kind
          ... on HttpJob {
            method
            url
            headers {
              name
              value
            }
            secretHeaders
            hasToken
            jsonBody: body
            bodyText
            bodyForm
            connectTimeout
            expectCallback {
              within
            }
          }
          ... on EmailJob {
            to
            subject
            text: body
          }
          ... on ReportJob {
            title
            format
          }
        }
        nextDueTimes(count: 8)
        recentOutcomes {
          runId
          status
          dueAt
          durationMs
        }
        runs(first: $runs) {
          totalCount
          totalCountIsExact
          nodes {
            ...RunRow
          }
        }
      }
    }
  `,[x]),L=/^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?)?$/,R=[`d`,`h`,`min`,`s`];function z(e){let t=L.exec(e);return t===null?e:R.flatMap((e,n)=>Number(t[n+1]??0)?[`${Number(t[n+1])} ${e}`]:[]).join(` `)||`0 s`}var B={SKIP:`skip the new run`,QUEUE:`run it after the previous one`,ALLOW:`run both at once`},V={RUN_ONCE:`run once for all`,RUN_ALL:`run each`,SKIP:`run the last one, if it is not too late`};function H({task:e}){let t=[...U(e.job),...G(e),...J(e)];return D(`dl`,{class:`settings`,children:t.map(([e,t])=>D(`div`,{children:[D(`dt`,{children:e}),D(`dd`,{children:t})]},e))})}function U(e){if(e.__typename===`EmailJob`)return[[`Mail to`,e.to.join(`, `)],[`Subject`,e.subject],[`Text`,D(W,{text:String(e.text)})]];if(e.__typename===`ReportJob`)return[[`Report`,`${e.title} (${e.format})`]];if(e.__typename!==`HttpJob`)return[[`Job`,e.kind]];let t=[...e.hasToken?[`Authorization: Bearer ***`]:[],...e.secretHeaders.map(e=>`${e}: ***`)],n=[...e.headers.map(({name:e,value:t})=>`${e}: ${t}`),...t],r=e.bodyText??(e.bodyForm===null?e.jsonBody:e.bodyForm);return[[`Request`,D(`code`,{children:`${e.method} ${e.url}`})],...n.length>0?[[`Headers`,D(W,{text:n.join(`
`)})]]:[],...r===null?[]:[[`Body`,D(W,{text:typeof r==`string`?r:JSON.stringify(r,null,2)})]],...e.expectCallback?[[`Callback`,`expected within ${z(e.expectCallback.within)}`]]:[]]}function W({text:e}){return D(`pre`,{tabIndex:0,children:e})}function G({schedule:e,misfire:t,overlap:n,retry:r,timeout:i,job:a}){let o=a.__typename===`HttpJob`&&a.connectTimeout?`, ${z(a.connectTimeout)} to connect`:``,s=t.policy===`RUN_ALL`?`, at most ${t.maxRuns}`:``;return[[`Schedule`,D(K,{schedule:e})],[`Retries`,q(r)],[`Timeout`,`${z(i)}${o}`],[`While one still runs`,B[n]??n.toLowerCase()],[`Missed times`,`${V[t.policy]??t.policy.toLowerCase()}${s}; up to ${z(t.grace)} late is on time`]]}function K({schedule:e}){return e.__typename===`OnceSchedule`?D(l,{at:e.at,as:`moment`}):e.__typename===`IntervalSchedule`?D(E,{children:[e.description,` from `,D(l,{at:e.start,as:`moment`}),e.end&&` until `,e.end&&D(l,{at:e.end,as:`moment`})]}):D(E,{children:e.summary})}function q({maxRetries:e,offsets:t,backoff:n,statuses:r}){if(e===0)return`none`;let i=n?`from ${z(n.initial)}, each ${n.factor} times as long, at most ${z(n.max)}`:t.map(z).join(`, `);return`${e}${i&&`, after ${i}`}${r?`, for status ${r.join(`, `)}`:``}`}function J(e){let{assignedQueue:t,priority:n,alertAfter:r,alertOnMissed:i,pauseAfter:a}=e,o=r===1?`at the first failure`:`after ${r} failures in a row`;return[[`Queue`,`${t?.name??`–`}${n===0?``:`, priority ${n}`}`],[`You are told`,`${o}${i?`, and of missed runs`:``}`],...a===null?[]:[[`Pauses itself`,`after ${a} failures in a row`]],...e.uniqueName?[[`Name`,`unique, so that it can be applied from a file`]]:[],[`Edited`,D(E,{children:[D(l,{at:e.updatedAt}),`, version `,e.version]})],[`Created`,D(l,{at:e.createdAt,as:`moment`})]]}var Y={CONSECUTIVE_FAILURES:`The task paused itself after failures in a row. Resume it when their cause is mended.`,UNREADABLE:`The task was paused because it cannot be read. Edit it, then resume it.`};function X({id:e}){let{data:t,error:n,reread:i}=b(I,{id:e,runs:25},{concerns:t=>t.of===`task`&&t.taskId===e}),a=t?.task;return t&&!a?D(T,{}):D(c,{title:a?.name??`Task`,above:D(v,{href:`/tasks`,children:`Tasks`}),actions:a&&D(P,{task:a,done:i}),children:[n&&!a&&D(f,{message:n,retry:i}),!n&&!a&&D(r,{count:8}),a&&D(Z,{task:a})]})}function Z({task:e}){let t=e.runs.nodes;return D(E,{children:[D(Q,{task:e}),e.description&&D(`p`,{class:`task-description`,children:e.description}),e.waitingText&&D(`p`,{class:`notice warn`,children:e.waitingText}),e.pauseReason&&Y[e.pauseReason]&&D(`p`,{class:`notice warn`,children:Y[e.pauseReason]}),e.assignedQueue?.paused&&D(`p`,{class:`notice warn`,children:[`The queue `,D(v,{href:`/queues`,children:e.assignedQueue.name}),` is paused: no run of it starts.`]}),e.recentOutcomes.length>0&&D(u,{title:`Latest outcomes`,children:[D(j,{outcomes:e.recentOutcomes}),D(F,{outcomes:e.recentOutcomes})]}),e.recentOutcomes.length>1&&D(m,{title:`Outcomes and durations`,scope:{taskId:e.id}}),D(`div`,{class:`task-columns`,children:[D(u,{title:`Settings`,children:D(H,{task:e})}),D(u,{title:`Next times`,children:D(A,{task:e})})]}),D(u,{title:`Runs`,aside:D($,{task:e}),children:t.length>0?D(h,{runs:t}):D(`p`,{class:`faint`,children:`It has not run yet.`})})]})}function Q({task:t}){return D(`p`,{class:`summary`,children:[D(e,{status:t.status}),D(`span`,{title:t.schedule.summary,children:t.schedule.description}),t.nextRunAt&&D(`span`,{children:[`Next due `,D(l,{at:t.nextRunAt})]}),t.consecutiveFailures>0&&D(`span`,{class:`bad-text`,children:[t.consecutiveFailures,` `,t.consecutiveFailures===1?`failure`:`failures in a row`]}),D(`span`,{children:t.tags.map(e=>D(v,{href:`/tasks?tag=${encodeURIComponent(e)}`,class:`tag`,children:e},e))})]})}function $({task:{id:e,runs:t}}){return t.totalCount<=25?null:D(v,{href:`/runs?task=${e}`,children:[`All `,n(t.totalCount,t.totalCountIsExact),` runs`]})}export{X as TaskPage};