/*! Licenses of the bundled packages: /assets/licences.md */
import{A as e,H as t,I as n,J as r,N as i,O as a,P as o,T as s,V as c,g as l,k as u,l as d,nt as f,q as p,z as m}from"./index-CfbBKCB3.js";import{t as h}from"./actions-CHsHzQ2_.js";import{f as g,t as _}from"./jsxRuntime.module-B9qDJXb7.js";import{n as v}from"./run-words-D7mRsRnR.js";var y=new Set([`host`,`content-length`,`accept-encoding`,`connection`,`transfer-encoding`]);function b({method:e,url:t,headers:n,body:r}){let i=e===`HEAD`?[`--head`]:e===`GET`&&r===null?[]:[`--request`,e],a=n.filter(({name:e})=>!y.has(e.toLowerCase())).map(({name:e,value:t})=>`--header ${x(t===``?`${e};`:`${e}: ${t}`)}`),o=r===null?[]:[`--data-raw ${x(r)}`];return[[`curl`,...i,x(t)].join(` `),...a,...o].join(` \\
  `)}function x(e){return`'${e.replaceAll(`'`,`'\\''`)}'`}var S=r(`
  fragment AttemptDetails on Attempt {
    number
    startedAt
    finishedAt
    outcome
    statusCode
    durationMs
    redirects
    worker
    acceptedAt
    callback {
      receivedAt
      status
      message
    }
    error {
      message
      hint
    }
    request {
      method
      url
      headers {
        name
        value
      }
    }
    responseHeaders {
      name
      value
    }
    responseBody
    responseTruncated
    timings {
      dns
      connect
      firstByte
      total
    }
  }
`);function C({attempt:t,isOpen:r,body:i=null}){let{number:o,outcome:s,startedAt:c,statusCode:l,durationMs:u,error:d,request:f,timings:p,callback:m,redirects:h}=t;return _(`details`,{class:`attempt`,open:r,children:[_(`summary`,{children:[_(`span`,{class:`number faint`,children:o}),_(e,{status:s??`RUNNING`}),l!==null&&_(`span`,{class:`code`,children:l}),u!==null&&_(`span`,{children:n(u)}),_(`span`,{class:`faint`,children:_(a,{at:c,as:`moment`})}),d&&_(`span`,{class:`message`,children:d.message}),_(`span`,{class:`worker faint`,title:`Process that made the attempt`,children:t.worker})]}),_(`div`,{class:`exchange`,children:[p&&_(T,{...p}),d?.hint&&_(`p`,{class:`faint`,children:d.hint}),f&&_(O,{title:`Request`,first:`${f.method} ${f.url}`,headers:f.headers,body:i,action:_(w,{request:{...f,body:i}})}),h>0&&_(`p`,{class:`faint`,children:h===1?`One redirect was followed.`:`${h} redirects were followed.`}),l!==null&&_(O,{title:`Response`,first:`HTTP ${l}`,headers:t.responseHeaders,body:t.responseBody,isCut:t.responseTruncated}),t.acceptedAt&&_(`p`,{class:`faint`,children:[`The target accepted the work `,_(a,{at:t.acceptedAt,as:`moment`}),m?`, and called back `:`.`,m&&_(a,{at:m.receivedAt,as:`moment`}),m&&`: ${m.status.toLowerCase()}${m.message?`, ${m.message}`:``}`]})]})]})}function w({request:e}){return _(`button`,{type:`button`,class:`quiet`,onClick:()=>{let t=e.headers.some(({value:e})=>e===`***`);navigator.clipboard.writeText(b(e)).then(()=>d(t?`Copied. Replace *** by the secrets.`:`Copied.`),()=>d(`The browser does not allow copying here.`,{isProblem:!0}))},children:[_(l,{}),`Copy as curl`]})}function T({dns:e,connect:t,firstByte:r,total:i}){let a=[[`name look-up`,e],[`connection`,t],[`first byte`,r],[`in all`,i]];return _(g,{children:[i!==null&&i>0&&_(D,{parts:[e,t,(r??i)-(e??0)-(t??0),i-(r??i)]}),_(`ul`,{class:`timings`,children:a.map(([e,t])=>t!==null&&_(`li`,{children:[_(`span`,{class:`faint`,children:e}),` `,n(t)]},e))})]})}var E=[`dns`,`connect`,`wait`,`download`];function D({parts:e}){return _(`div`,{class:`timing-bar`,"aria-hidden":`true`,children:e.map((e,t)=>_(`span`,{class:E[t],style:{flexGrow:Math.max(e??0,0)}},t))})}function O({title:e,first:t,headers:n,body:r,isCut:i=!1,action:a}){let o=[t,...n.map(({name:e,value:t})=>`${e}: ${t}`)];return _(`div`,{class:`message-part`,children:[_(`h3`,{children:[e,a]}),_(`pre`,{tabIndex:0,children:o.join(`
`)}),r&&_(`pre`,{class:`body`,tabIndex:0,children:k(r)}),i&&_(`p`,{class:`faint`,children:`The rest of the response was not kept.`})]})}function k(e){try{return JSON.stringify(JSON.parse(e),null,2)}catch{return e}}var A=[`QUEUED`,`RUNNING`,`RETRY`,`WAITING`],j=r(`
    query Run($id: ID!) {
      run(id: $id) {
        id
        taskName
        taskVersion
        status
        trigger
        dueAt
        createdAt
        startedAt
        finishedAt
        nextAttemptAt
        callbackExpectedBy
        reasonText
        waitingText
        cancelRequestedAt
        missedUntil
        missedCount
        discardedAt
        priority
        stepKey
        result
        assignedQueue {
          name
          paused
        }
        workflowRun {
          id
          name
        }
        task {
          id
          version
          job {
            ... on HttpJob {
              jsonBody: body
              bodyText
            }
          }
        }
        error {
          kind
          message
          hint
        }
        replays {
          at
        }
        attempts {
          ...AttemptDetails
        }
      }
    }
  `,[S]),M=r(`mutation RetryRun($id: ID!) { retryRun(input: { id: $id }) { userErrors { message } } }`),N=r(`mutation CancelRun($id: ID!) { cancelRun(input: { id: $id }) { userErrors { message } } }`);function P({id:e}){let{data:n,error:r,reread:a}=p(j,{id:e},{concerns:t=>t.of===`task`&&t.runId===e}),o=n?.run;return n&&!o?_(m,{}):_(i,{title:o?`Run of ${o.taskName}`:`Run`,above:_(F,{run:o}),actions:o&&_(I,{run:o}),children:[r&&!o&&_(c,{message:r,retry:a}),!r&&!o&&_(t,{count:6}),o&&_(L,{run:o})]})}function F({run:e}){return e?.workflowRun?_(f,{href:`/workflow-runs/${e.workflowRun.id}`,children:e.workflowRun.name}):e?.task?_(f,{href:`/tasks/${e.task.id}`,children:e.taskName}):_(f,{href:`/runs`,children:`History`})}function I({run:{id:e,status:t,cancelRequestedAt:n}}){let r=A.includes(t),{run:i,isBusy:a,problem:o}=h(r?N:M,{id:e});return _(g,{children:[_(`span`,{class:`problem`,role:`alert`,children:o}),r&&_(`button`,{type:`button`,disabled:a||n!==null,onClick:()=>void i(),children:n===null?`Cancel`:`Being cancelled`}),!r&&t!==`COMPLETED`&&_(`button`,{type:`button`,class:`main`,disabled:a,onClick:()=>void i(),children:[_(s,{}),`Retry`]})]})}function L({run:e}){let t=e.waitingText??e.reasonText;return _(g,{children:[_(R,{run:e}),e.error&&_(`div`,{class:`notice bad`,children:[_(`p`,{children:e.error.message}),e.error.hint&&_(`p`,{class:`hint`,children:e.error.hint})]}),t&&_(`p`,{class:e.waitingText?`notice warn`:`notice`,children:t}),e.missedCount!==null&&e.missedUntil&&_(`p`,{class:`notice`,children:[e.missedCount===1?`One due time`:`${e.missedCount} due times`,` passed without a run, until`,` `,_(a,{at:e.missedUntil,as:`moment`}),`.`]}),_(o,{title:`Course`,children:_(z,{run:e})}),e.attempts.length>0&&_(o,{title:e.attempts.length===1?`Attempt`:`${e.attempts.length} attempts`,children:[...e.attempts].reverse().map((t,n)=>_(C,{attempt:t,isOpen:n===0,body:V(e)},t.number))}),e.result!==null&&_(o,{title:`Result`,children:[_(H,{result:e.result}),_(`pre`,{tabIndex:0,children:JSON.stringify(e.result,null,2)})]})]})}function R({run:t}){return _(`p`,{class:`summary`,children:[_(e,{status:t.status}),_(`span`,{children:[`Due `,_(a,{at:t.dueAt,as:`moment`})]}),t.nextAttemptAt&&_(`span`,{children:[`Next attempt `,_(a,{at:t.nextAttemptAt})]}),t.callbackExpectedBy&&_(`span`,{children:[`Callback expected `,_(a,{at:t.callbackExpectedBy})]}),_(`span`,{class:`faint`,children:v[t.trigger]})]})}function z({run:e}){let t=e.startedAt?Date.parse(e.startedAt)-Date.parse(e.dueAt):null,r=e.finishedAt?Date.parse(e.finishedAt):u.value;return _(`dl`,{class:`settings course`,children:[_(B,{name:`Started`,children:e.startedAt?_(a,{at:e.startedAt,as:`moment`}):`not yet`}),t!==null&&_(B,{name:`After it was due`,children:n(Math.max(t,0))}),_(B,{name:`Ended`,children:e.finishedAt?_(a,{at:e.finishedAt,as:`moment`}):`not yet`}),e.startedAt&&_(B,{name:`Took`,children:n(Math.max(r-Date.parse(e.startedAt),0))}),_(B,{name:`Queue`,children:[e.assignedQueue?.name??`–`,e.priority!==0&&`, priority ${e.priority}`,e.assignedQueue?.paused&&`, which is paused`]}),_(B,{name:`Version of the task`,children:e.taskVersion}),e.replays.length>0&&_(B,{name:`Retried by hand`,children:[e.replays.length===1?`once`:`${e.replays.length} times`,`, last `,_(a,{at:e.replays.at(-1)?.at??e.dueAt})]}),e.discardedAt&&_(B,{name:`Discarded`,children:_(a,{at:e.discardedAt})})]})}function B({name:e,children:t}){return _(`div`,{children:[_(`dt`,{children:e}),_(`dd`,{children:t})]})}function V({task:e,taskVersion:t}){return e?.version!==t||e.job.__typename!==`HttpJob`?null:e.job.bodyText??(e.job.jsonBody===null?null:JSON.stringify(e.job.jsonBody))}function H({result:e}){let t=e?.file;return typeof t?.url!=`string`||!/^https?:/.test(t.url)?null:_(`p`,{children:_(`a`,{href:t.url,rel:`noreferrer`,children:String(t.name??`Download the file`)})})}export{P as RunPage};