/*! Licenses of the bundled packages: /assets/licences.md */
import{T as e,a as t,v as n}from"./time-B1YIbO7n.js";import{y as r}from"./index-DmBNgMYb.js";var i=100,a=n(`
  fragment BulkResult on TaskChangeResult {
    taskId
    run {
      id
    }
    userErrors {
      message
    }
  }
`),o=n(`mutation PauseTasks($ids: [ID!]!) { change: pauseTasks(input: { ids: $ids }) { results { ...BulkResult } userErrors { message } } }`,[a]),s=n(`mutation ResumeTasks($ids: [ID!]!) { change: resumeTasks(input: { ids: $ids }) { results { ...BulkResult } userErrors { message } } }`,[a]),c=n(`mutation RunTasks($ids: [ID!]!) { change: runTasks(input: { ids: $ids }) { results { ...BulkResult } userErrors { message } } }`,[a]),l=n(`mutation DeleteTasks($ids: [ID!]!) { change: deleteTasks(input: { ids: $ids }) { results { ...BulkResult } userErrors { message } } }`,[a]),u=n(`
  query TaskIds($filter: TaskFilter, $after: String) {
    tasks(filter: $filter, first: 100, after: $after) {
      pageInfo {
        hasNextPage
        endCursor
      }
      nodes {
        id
      }
    }
  }
`),d=n(`mutation CancelRunOf($id: ID!) { cancelRun(input: { id: $id }) { userErrors { message } } }`),f={pause:{mutation:o,doing:`Pausing`,done:`paused`,undo:`resume`},resume:{mutation:s,doing:`Resuming`,done:`resumed`,undo:`pause`},run:{mutation:c,doing:`Starting`,done:`started`},delete:{mutation:l,doing:`Deleting`,done:`deleted`}},p=e(null);async function m(e,n,a){let o=f[n],s=`ids`in a?a.ids.length:null,c={changed:[],runs:[],refusals:[]},l=!1,u=()=>{p.value={text:o.doing,done:c.changed.length+c.refusals.length,all:s,stop:()=>l=!0}};u();try{let t=`ids`in a?a.ids:await h(e,a.filter);s=t.length;for(let n=0;n<s&&!l;n+=i)await g(e,o,t.slice(n,n+i),c),u();_(e,o,c,l)}catch(e){r(`${t(c.changed.length)} ${o.done}, then it failed: ${String(e)}`,{isProblem:!0})}finally{p.value=null}}async function h(e,t){let n=[],r=null;for(;;){let{data:i,error:a}=await e.query(u,{filter:t,after:r},{requestPolicy:`network-only`}).toPromise();if(!i)throw Error(a?.graphQLErrors[0]?.message??`The server cannot be reached.`);if(n.push(...i.tasks.nodes.map(({id:e})=>e)),!i.tasks.pageInfo.hasNextPage)return n;r=i.tasks.pageInfo.endCursor}}async function g(e,{mutation:t},n,r){let{data:i,error:a}=await e.mutation(t,{ids:n}).toPromise(),o=i?.change.userErrors[0]?.message;if(!i||o)throw Error(o??a?.graphQLErrors[0]?.message??`The server cannot be reached.`);for(let{taskId:e,run:t,userErrors:n}of i.change.results)n[0]?r.refusals.push(n[0].message):r.changed.push(e),t&&r.runs.push(t.id)}function _(e,{done:n,undo:i},{changed:a,runs:o,refusals:s},c){let l=`${t(a.length)} ${a.length===1?`task`:`tasks`} ${n}`,u=s.length>0?`, ${t(s.length)} refused: ${s[0]??``}`:``,d=i?()=>m(e,i,{ids:a}):o.length>0?()=>v(e,o):void 0;r(`${l}${u}${c?`. Stopped.`:``}`,{isProblem:a.length===0&&s.length>0,...d&&a.length>0&&{undo:d}})}async function v(e,t){for(let n of t)await e.mutation(d,{id:n}).toPromise();r(t.length===1?`The run was cancelled, unless it had ended.`:`The runs were cancelled, unless they had ended.`)}export{p as n,m as t};