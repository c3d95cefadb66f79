/*! Licenses of the bundled packages: /assets/licences.md */
import{A as e,E as t,_ as n,a as r,c as i,g as a,i as o,o as s,r as c,t as l,v as u}from"./time-B1YIbO7n.js";import{A as d,F as f,H as p,O as m,P as h,V as g,g as _,h as v,m as y,n as b,r as x,y as S,z as C}from"./index-DmBNgMYb.js";import{r as w,t as T}from"./status-CGvypWA3.js";import{f as E,t as D}from"./jsxRuntime.module-B9qDJXb7.js";import{t as O}from"./actions-BiIDKJx-.js";import{t as k}from"./bulk-BT_7I0Ug.js";function A({task:{status:e,nextDueTimes:t}}){return t.length===0?D(`p`,{class:`faint`,children:e===`PAUSED`?`None while it is paused.`:`None.`}):D(`ol`,{class:`times`,children:t.map(e=>D(`li`,{children:[D(l,{at:e,as:`moment`}),D(`span`,{class:`faint`,children:D(l,{at:e})})]},e))})}function j({outcomes:e}){let n=Math.max(...e.map(({durationMs:e})=>e??0),1);return D(`ol`,{class:`strip`,"aria-label":`Latest runs, the latest last`,children:e.map(({runId:e,status:r,dueAt:a,durationMs:o})=>{let{word:c,tone:l}=w(r),u=o===null?``:` after ${s(o)}`,d=`${Math.max(Math.sqrt((o??0)/n)*100,18)}%`;return D(`li`,{children:D(t,{href:`/runs/${e}`,title:`${c}${u}\n${i(Date.parse(a))}`,class:`bar ${l}`,style:{height:d},children:D(`span`,{class:`hidden`,children:c})})},e)})})}var M=u(`mutation RunTask($id: ID!) { runTask(input: { id: $id }) { run { id } userErrors { message } } }`),N=u(`mutation DeleteTask($id: ID!) { deleteTask(input: { id: $id }) { userErrors { message } } }`);function P({task:{id:n,name:r,status:i},done:o}){let{client:s}=a(),c=O(M,{id:n}),l=O(N,{id:n}),[,u]=e(),p=i===`PAUSED`,g=()=>void k(s,p?`resume`:`pause`,{ids:[n]}).then(o),_=async()=>{await b({title:`Delete ${r}?`,text:`Its open runs are cancelled; the history is kept. This cannot be undone.`,action:`Delete`})&&await l.run()&&(S(`${r} was deleted.`),u(`/tasks`))};return D(E,{children:[D(`span`,{class:`problem`,role:`alert`,children:c.problem||l.problem}),D(`button`,{type:`button`,disabled:l.isBusy,onClick:()=>void _(),children:[D(m,{}),`Delete`]}),D(t,{href:`/tasks/${n}/edit`,class:`button`,"aria-keyshortcuts":`e`,children:[D(d,{}),`Edit`]}),i!==`CANCELLED`&&D(`button`,{type:`button`,"aria-keyshortcuts":`p`,onClick:g,children:[D(p?f:h,{}),p?`Resume`:`Pause`]}),D(`button`,{type:`button`,class:`main`,"aria-keyshortcuts":`Shift+R`,disabled:c.isBusy,onClick:()=>void c.run(),children:[D(f,{}),`Run now`]})]})}function F({outcomes:t}){let[,n]=e(),r=t.filter(({durationMs:e})=>e!==null),i=r.map(({dueAt:e})=>Date.parse(e)),a=i[0],o=i[i.length-1];if(a===void 0||o===void 0||i.length<2)return null;let c=Math.max((o-a)*.03,1e3),l=r.map(({status:e})=>e===`FAILED`),u=[{name:`Failed`,tone:`bad`,kind:`points`,values:r.map(({durationMs:e},t)=>l[t]?e:null)},{name:`Took`,tone:`accent`,kind:`line`,values:r.map(({durationMs:e})=>e)}];return D(_,{label:`Duration of the latest runs`,summary:`${r.length} runs, ${l.filter(Boolean).length} failed`,times:i,series:u,format:s,from:a-c,to:o+c,onPick:e=>n(`/runs/${r[e]?.runId??``}`)})}var I=u(`
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
  `,[y]),L=/^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?)?$/,R=[`d`,`h`,`min`,`s`];function z(e){let t=L.exec(e);return t===null?e:R.flatMap((e,n)=>Number(t[n+1]??0)?[`${Number(t[n+1])} ${e}`]:[]).join(` `)||`0 s`}var B={SKIP:`skip the new run`,QUEUE:`run it after the previous one`,ALLOW:`run both at once`},V={RUN_ONCE:`run once for all`,RUN_ALL:`run each`,SKIP:`run the last one, if it is not too late`};function H({task:e}){let t=[...U(e.job),...G(e),...J(e)];return D(`dl`,{class:`settings`,children:t.map(([e,t])=>D(`div`,{children:[D(`dt`,{children:e}),D(`dd`,{children:t})]},e))})}function U(e){if(e.__typename===`EmailJob`)return[[`Mail to`,e.to.join(`, `)],[`Subject`,e.subject],[`Text`,D(W,{text:String(e.text)})]];if(e.__typename===`ReportJob`)return[[`Report`,`${e.title} (${e.format})`]];if(e.__typename!==`HttpJob`)return[[`Job`,e.kind]];let t=[...e.hasToken?[`Authorization: Bearer ***`]:[],...e.secretHeaders.map(e=>`${e}: ***`)],n=[...e.headers.map(({name:e,value:t})=>`${e}: ${t}`),...t],r=e.bodyText??(e.bodyForm===null?e.jsonBody:e.bodyForm);return[[`Request`,D(`code`,{children:`${e.method} ${e.url}`})],...n.length>0?[[`Headers`,D(W,{text:n.join(`
`)})]]:[],...r===null?[]:[[`Body`,D(W,{text:typeof r==`string`?r:JSON.stringify(r,null,2)})]],...e.expectCallback?[[`Callback`,`expected within ${z(e.expectCallback.within)}`]]:[]]}function W({text:e}){return D(`pre`,{tabIndex:0,children:e})}function G({schedule:e,misfire:t,overlap:n,retry:r,timeout:i,job:a}){let o=a.__typename===`HttpJob`&&a.connectTimeout?`, ${z(a.connectTimeout)} to connect`:``,s=t.policy===`RUN_ALL`?`, at most ${t.maxRuns}`:``;return[[`Schedule`,D(K,{schedule:e})],[`Retries`,q(r)],[`Timeout`,`${z(i)}${o}`],[`While one still runs`,B[n]??n.toLowerCase()],[`Missed times`,`${V[t.policy]??t.policy.toLowerCase()}${s}; up to ${z(t.grace)} late is on time`]]}function K({schedule:e}){return e.__typename===`OnceSchedule`?D(l,{at:e.at,as:`moment`}):e.__typename===`IntervalSchedule`?D(E,{children:[e.description,` from `,D(l,{at:e.start,as:`moment`}),e.end&&` until `,e.end&&D(l,{at:e.end,as:`moment`})]}):D(E,{children:e.summary})}function q({maxRetries:e,offsets:t,backoff:n,statuses:r}){if(e===0)return`none`;let i=n?`from ${z(n.initial)}, each ${n.factor} times as long, at most ${z(n.max)}`:t.map(z).join(`, `);return`${e}${i&&`, after ${i}`}${r?`, for status ${r.join(`, `)}`:``}`}function J(e){let{assignedQueue:t,priority:n,alertAfter:r,alertOnMissed:i,pauseAfter:a}=e,o=r===1?`at the first failure`:`after ${r} failures in a row`;return[[`Queue`,`${t?.name??`–`}${n===0?``:`, priority ${n}`}`],[`You are told`,`${o}${i?`, and of missed runs`:``}`],...a===null?[]:[[`Pauses itself`,`after ${a} failures in a row`]],...e.uniqueName?[[`Name`,`unique, so that it can be applied from a file`]]:[],[`Edited`,D(E,{children:[D(l,{at:e.updatedAt}),`, version `,e.version]})],[`Created`,D(l,{at:e.createdAt,as:`moment`})]]}var Y={CONSECUTIVE_FAILURES:`The task paused itself after failures in a row. Resume it when their cause is mended.`,UNREADABLE:`The task was paused because it cannot be read. Edit it, then resume it.`};function X({id:e}){let{data:r,error:i,reread:a}=n(I,{id:e,runs:25},{concerns:t=>t.of===`task`&&t.taskId===e}),o=r?.task;return r&&!o?D(C,{}):D(c,{title:o?.name??`Task`,above:D(t,{href:`/tasks`,children:`Tasks`}),actions:o&&D(P,{task:o,done:a}),children:[i&&!o&&D(g,{message:i,retry:a}),!i&&!o&&D(p,{count:8}),o&&D(Z,{task:o})]})}function Z({task:e}){let n=e.runs.nodes;return D(E,{children:[D(Q,{task:e}),e.description&&D(`p`,{class:`task-description`,children:e.description}),e.waitingText&&D(`p`,{class:`notice warn`,children:e.waitingText}),e.pauseReason&&Y[e.pauseReason]&&D(`p`,{class:`notice warn`,children:Y[e.pauseReason]}),e.assignedQueue?.paused&&D(`p`,{class:`notice warn`,children:[`The queue `,D(t,{href:`/queues`,children:e.assignedQueue.name}),` is paused: no run of it starts.`]}),e.recentOutcomes.length>0&&D(o,{title:`Latest outcomes`,children:[D(j,{outcomes:e.recentOutcomes}),D(F,{outcomes:e.recentOutcomes})]}),e.recentOutcomes.length>1&&D(x,{title:`Outcomes and durations`,scope:{taskId:e.id}}),D(`div`,{class:`task-columns`,children:[D(o,{title:`Settings`,children:D(H,{task:e})}),D(o,{title:`Next times`,children:D(A,{task:e})})]}),D(o,{title:`Runs`,aside:D($,{task:e}),children:n.length>0?D(v,{runs:n}):D(`p`,{class:`faint`,children:`It has not run yet.`})})]})}function Q({task:e}){return D(`p`,{class:`summary`,children:[D(T,{status:e.status}),D(`span`,{title:e.schedule.summary,children:e.schedule.description}),e.nextRunAt&&D(`span`,{children:[`Next due `,D(l,{at:e.nextRunAt})]}),e.consecutiveFailures>0&&D(`span`,{class:`bad-text`,children:[e.consecutiveFailures,` `,e.consecutiveFailures===1?`failure`:`failures in a row`]}),D(`span`,{children:e.tags.map(e=>D(t,{href:`/tasks?tag=${encodeURIComponent(e)}`,class:`tag`,children:e},e))})]})}function $({task:{id:e,runs:n}}){return n.totalCount<=25?null:D(t,{href:`/runs?task=${e}`,children:[`All `,r(n.totalCount,n.totalCountIsExact),` runs`]})}export{X as TaskPage};