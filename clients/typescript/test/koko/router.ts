// A few of Koko's own procedures, as Koko declares them.
import { initTRPC, TRPCError } from "@trpc/server";
import { eq } from "drizzle-orm";
import { z } from "zod";

import type { Database } from "./database.js";
import { project, projectMember, team, teamMember } from "./schema.js";

export interface Context {
  db: Database;
  userId: string | undefined;
}

const t = initTRPC.context<Context>().create();
const signedIn = t.procedure.use(({ ctx, next }) => {
  if (ctx.userId === undefined) throw new TRPCError({ code: "UNAUTHORIZED" });
  return next({ ctx: { userId: ctx.userId } });
});

export const appRouter = t.router({
  team: t.router({
    create: signedIn.input(z.object({ id: z.string(), name: z.string() })).mutation(async ({ ctx, input }) => {
      await ctx.db.insert(team).values({ ...input, slug: input.id, ownerId: ctx.userId });
      const member = { id: `member_${input.id}`, teamId: input.id, userId: ctx.userId, role: "owner", joinedAt: new Date() } as const;
      await ctx.db.insert(teamMember).values(member);
      return { team: input };
    }),
    list: signedIn.query(async ({ ctx }) => {
      const found = await ctx.db
        .select({ id: team.id, name: team.name })
        .from(team)
        .innerJoin(teamMember, eq(teamMember.teamId, team.id))
        .where(eq(teamMember.userId, ctx.userId));
      return { teams: found };
    }),
  }),
  project: t.router({
    create: signedIn.input(z.object({ id: z.string(), name: z.string() })).mutation(async ({ ctx, input }) => {
      await ctx.db.insert(project).values({ ...input, ownerId: ctx.userId, status: "active" });
      await ctx.db.insert(projectMember).values({ projectId: input.id, userId: ctx.userId, role: "owner", canUpload: true });
      return { project: input };
    }),
  }),
});

export type AppRouter = typeof appRouter;
